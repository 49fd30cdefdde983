using System.Globalization;
using ConntrackOperator.Agent.Reporting;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Kernel;
using ConntrackOperator.TestKit.Machines;

namespace ConntrackOperator.Agent.Tests.Behaviour;

/// <summary>
/// What the agent does, whole and in this process, on a machine made of files; asked against the double and against Kubernetes' own code
/// alike.
/// </summary>
public abstract class AgentBehaviour : IAsyncLifetime
{
    private protected const string Established = SysctlNames.TcpTimeoutEstablished;
    private protected const string TimeWait = SysctlNames.TcpTimeoutTimeWait;
    internal const string Node = "node-7";

    private readonly CancellationTokenSource _stop = new();
    private ApiClient _api = null!;
    private Informer<ConntrackNode> _seen = null!;
    private Task _watching = Task.CompletedTask;

    private protected Machine Machine { get; } = new();

    private protected RunningAgent? Agent { get; set; }

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public virtual async ValueTask InitializeAsync()
    {
        _api = await ConnectAsync();
        _seen = new Informer<ConntrackNode>(_api, Reporter.Type, ApiJson.Default.ConntrackNode);
        _watching = _seen.RunAsync(_stop.Token);
        await _seen.WaitForSyncAsync(Token);
    }

    public virtual async ValueTask DisposeAsync()
    {
        await StopAgentAsync();
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
        Machine.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Agent_waits_for_its_object_applies_the_plan_and_reports()
    {
        Start();
        await Task.Delay(300, Token);
        Assert.Equal(432000, Value(Established));
        Assert.Null(Stored);
        await PlanAsync(Setting(Established, 7200), Setting(SysctlNames.Max, 524288), Setting("nf_conntrack_not_here", 1));
        await Until(() => Is("True InSync", generation: 1), "the report is there");
        Assert.Equal((7200, 524288), (Value(Established), Value(SysctlNames.Max)));
        var status = Stored!.Status!;
        Assert.Equal(
            (7200, 7200, 432000, "edge", SettingState.InSync),
            Status(Established) is var s ? (s.Desired, s.Actual, s.Original, s.Policy, s.State) : default);
        Assert.Equal(SettingState.NotSupported, Status("nf_conntrack_not_here").State);
        Assert.Equal((0, 524288, 0), (status.Table!.Entries, status.Table.Limit, status.Table.Percent));
        Assert.Equal(("boot-1", "4026531840"), (status.Node!.BootId, status.Node.NetworkNamespace));
        Assert.Equal(["Ready", "Applied", "Drifted", "Pressure"], status.Conditions!.Select(c => c.Type));
        await PlanAsync(Setting(Established, 3600));
        await Until(() => Is("True InSync", generation: 2) && Stored!.Status!.Settings!.Count == 1, "the edit is reported");
        Assert.Equal((3600, 262144), (Value(Established), Value(SysctlNames.Max)));
    }

    [Fact]
    public async Task Kept_plan_is_applied_while_the_API_server_is_away()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        await StopAgentAsync();
        // Stopping restores nothing; a new boot does.
        Assert.Equal(7200, Value(Established));
        Machine.Boot("boot-2");
        Machine.LoadModule();
        Agent = RunningAgent.Start(Machine, new ServerConnection { Server = new Uri("http://127.0.0.1:9") });
        await Until(() => Value(Established) == 7200, "the kept plan is in force");
        Put(Established, 5);
        await Until(() => Value(Established) == 7200, "and kept");
    }

    [Fact]
    public async Task Report_is_the_whole_status_and_touches_nothing_but_the_status()
    {
        await PlanAsync(Setting(Established, 7200));
        var other = new ConntrackNode
        {
            ApiVersion = ApiGroup.ApiVersion,
            Kind = ConntrackNode.KindName,
            Metadata = new ObjectMeta { Name = Node },
            Status = new NodeStatus
            {
                Conditions = [
                    new Condition
                    {
                        Type = "Other",
                        Status = "True",
                        Reason = "Mine",
                        Message = "m",
                        LastTransitionTime = DateTimeOffset.UnixEpoch,
                    }],
                Advice = "buy more memory",
            },
        };
        await _api.ApplyAsync(Reporter.Type, null, Node, other, ApiJson.Default.ConntrackNode, "somebody", true, "status", Token);
        Start();
        await Until(() => Is("True InSync"), "the report is there");
        Assert.DoesNotContain(Stored!.Status!.Conditions!, c => c.Type == "Other");
        Assert.Null(Stored.Status.Advice);
        Assert.Equal(1, Stored.Metadata!.Generation);
        Assert.Equal(7200, Assert.Single(Stored.Spec!.Settings!).Value);
        // What it does not report any more goes from the status.
        await PlanAsync(Setting(TimeWait, 60));
        await Until(
            () => Is("True InSync", generation: 2) && Stored!.Status!.Settings!.TrueForAll(s => s.Name == TimeWait),
            "the setting that left is gone");
    }

    [Fact]
    public async Task Drift_is_put_back_at_once_and_counted()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        Put(Established, 99);
        await Until(() => Value(Established) == 7200 && Status(Established).Rewrites == 1, "it is put back and counted");
        Assert.Equal("False Corrected", ConditionOf("Drifted"));
    }

    [Fact]
    public async Task Plan_stays_while_its_object_is_gone_and_a_new_object_gets_a_report_of_its_own()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        var uid = Stored!.Metadata!.Uid;
        await _api.DeleteAsync(Reporter.Type, null, Node, null, null, Token);
        await Until(() => Stored is null && Agent!.Log.Contains("is gone; its last plan stays in force"), "the agent knows");
        Put(Established, 5);
        await Until(() => Value(Established) == 7200, "the plan is still kept");
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Stored is { } again && again.Metadata!.Uid != uid && Is("True InSync"), "the new object has a report");
        Assert.Equal(432000, Status(Established).Original);
    }

    [Fact]
    public async Task Object_that_is_exchanged_in_one_go_gets_a_report_of_its_own()
    {
        Start();
        foreach (var seconds in Enumerable.Range(100, 5))
        {
            await PlanAsync(Setting(Established, seconds));
            await Until(
                () => Is("True InSync") && Value(Established) == seconds && Status(Established).Desired == seconds,
                "the object has its report");
            await _api.DeleteAsync(Reporter.Type, null, Node, null, null, Token);
        }
    }

    [Fact]
    public async Task Originals_are_taken_over_from_the_status_when_the_disk_was_lost()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        await StopAgentAsync();
        Directory.Delete(Machine.State, recursive: true);
        Start();
        await Until(() => Agent!.Log.Contains("took 1 originals over"), "the original is known again");
        await PlanAsync();
        await Until(() => Is("True NothingPlanned", generation: 2), "nothing is left");
        Assert.Equal(432000, Value(Established));
    }

    [Fact]
    public async Task Key_that_drifted_while_the_agent_was_away_and_its_file_was_lost_keeps_its_original()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        await StopAgentAsync();
        File.Delete(Machine.OriginalsFile);
        Put(Established, 99);
        Start();
        await Until(() => Agent!.Log.Contains("took 1 originals over"), "the original is known again");
        await Until(() => Value(Established) == 7200, "the drift is corrected");
        await PlanAsync();
        await Until(() => Is("True NothingPlanned", generation: 2), "nothing is left");
        Assert.Equal(432000, Value(Established));
    }

    [Fact]
    public async Task Kept_plan_without_its_originals_is_in_force_when_the_API_server_knows_no_such_node()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        await StopAgentAsync();
        await _api.DeleteAsync(Reporter.Type, null, Node, null, null, Token);
        await Until(() => Stored is null, "the object is gone");
        File.Delete(Machine.OriginalsFile);
        Put(Established, 99);
        Start();
        await Until(() => Value(Established) == 7200, "the kept plan is in force");
    }

    [Fact]
    public async Task Missing_module_is_told_and_the_plan_applied_the_moment_that_it_is_there()
    {
        Machine.UnloadModule();
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("False ModuleNotLoaded"), "it is told");
        Assert.Contains(
            "modprobe nf_conntrack", Stored!.Status!.Conditions!.Find(c => c.Type == "Applied")!.Message, StringComparison.Ordinal);
        Machine.LoadModule();
        await Until(() => Is("True InSync"), "the plan is in force");
        Assert.Equal(7200, Value(Established));
    }

    [Fact]
    public async Task Empty_plan_restores_all_and_is_forgotten_with_its_object()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        await PlanAsync();
        await Until(() => Is("True NothingPlanned", generation: 2), "it is reported");
        Assert.Equal(432000, Value(Established));
        Assert.Empty(Stored!.Status!.Settings ?? []);
        await _api.DeleteAsync(Reporter.Type, null, Node, null, null, Token);
        await Until(() => !File.Exists(Machine.PlanFile), "the plan is forgotten");
    }

    [Fact]
    public async Task Restoring_goes_on_to_its_end_when_the_object_is_deleted_in_the_middle()
    {
        Start();
        await PlanAsync(Setting(SysctlNames.Max, 1048576), Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        // To go back to 262144 now would drop packets.
        Put(SysctlNames.Count, 300000);
        await PlanAsync();
        await Until(() => Is("False Held", generation: 2), "the limit is held");
        await _api.DeleteAsync(Reporter.Type, null, Node, null, null, Token);
        await Task.Delay(300, Token);
        Assert.Equal(1048576, Value(SysctlNames.Max));
        Put(SysctlNames.Count, 10);
        await Until(() => Value(SysctlNames.Max) == 262144, "it is put back when it can be");
    }

    [Fact]
    public async Task Plan_is_in_force_though_the_disk_can_not_keep_it_and_is_kept_later()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        Machine.BreakDisk(Machine.PlanFile);
        await PlanAsync(Setting(Established, 3600));
        await Until(() => Is("True InSync", generation: 2) && Value(Established) == 3600, "the edit is in force");
        Assert.Single(Agent!.Log.Lines, l => l.Contains("can't be written", StringComparison.Ordinal));
        Machine.MendDisk(Machine.PlanFile);
        await Until(() => File.ReadAllText(Machine.PlanFile).Contains("3600", StringComparison.Ordinal), "the edit is kept");
    }

    [Fact]
    public async Task Time_of_a_transition_outlives_the_agent()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        await StopAgentAsync();
        var stored = Stored!.Status!.Conditions!.ToDictionary(c => c.Type!, c => c.LastTransitionTime);
        await Task.Delay(1100, Token);
        Start();
        await PlanAsync(Setting(Established, 3600));
        await Until(() => Is("True InSync", generation: 2), "there is a new report");
        Assert.Equal(stored, Stored!.Status!.Conditions!.ToDictionary(c => c.Type!, c => c.LastTransitionTime));
    }

    protected abstract Task<ApiClient> ConnectAsync();

    /// <summary>Where the agent finds the server.</summary>
    protected abstract ServerConnection Connection();

    private protected static Task Until(Func<bool> condition, string what) => Eventually.UntilAsync(condition, what);

    /// <summary>What a key holds; null in the middle of a write, which a file does not do in one go as a sysctl does.</summary>
    private protected long? Value(string key) =>
        long.TryParse(File.ReadAllText(Path.Combine(Machine.Keys, key)), CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>Sets a key in one go, as somebody else on the machine.</summary>
    private protected void Put(string key, long value)
    {
        var aside = Path.Combine(Machine.Proc, key);
        File.WriteAllText(aside, value.ToString(CultureInfo.InvariantCulture) + "\n");
        File.Move(aside, Path.Combine(Machine.Keys, key), overwrite: true);
    }

    private protected ConntrackNode? Stored => _seen.Store.TryGet(Node, out var node) ? node : null;

    private protected SettingStatus Status(string name) => Stored!.Status!.Settings!.Single(s => s.Name == name);

    private protected string? ConditionOf(string type) =>
        Stored?.Status?.Conditions?.Find(c => c.Type == type) is { } c ? $"{c.Status} {c.Reason}" : null;

    /// <summary>Whether the report says this of the plan, and is about it.</summary>
    private protected bool Is(string applied, long? generation = null) =>
        ConditionOf("Applied") == applied && Stored!.Status!.ObservedGeneration == Stored.Metadata!.Generation
        && (generation is null || generation == Stored.Metadata.Generation);

    private protected void Start() => Agent = RunningAgent.Start(Machine, Connection());

    private protected async Task StopAgentAsync()
    {
        if (Agent is not null)
        {
            await Agent.DisposeAsync();
            Agent = null;
        }
    }

    private protected static NodeSetting Setting(string name, long value) =>
        new() { Name = name, Value = value, Policy = "edge", Mode = PolicyMode.Enforce, OnRemoval = RemovalPolicy.Restore };

    /// <summary>Writes the plan as the controller does.</summary>
    private protected Task PlanAsync(params NodeSetting[] settings) => _api.ApplyAsync(
        Reporter.Type, null, Node,
        new ConntrackNode
        {
            ApiVersion = ApiGroup.ApiVersion,
            Kind = ConntrackNode.KindName,
            Metadata = new ObjectMeta { Name = Node },
            Spec = new NodeSpec { Settings = [.. settings], Pressure = new NodePressure { WarningPercent = 75, CriticalPercent = 90 } },
        },
        ApiJson.Default.ConntrackNode, "conntrack-controller", true, null, Token);
}
