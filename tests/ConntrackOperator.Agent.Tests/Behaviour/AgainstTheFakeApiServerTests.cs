using ConntrackOperator.Agent.Reporting;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;

namespace ConntrackOperator.Agent.Tests.Behaviour;

/// <summary>The agent against the fake API server, which fails on demand and counts.</summary>
public sealed class AgainstTheFakeApiServerTests : AgentBehaviour
{
    private const string User = "agent";

    private readonly FakeApiServer _server = new([Kind]);

    public AgainstTheFakeApiServerTests() => _server.AddUser(User, User);

    internal static FakeResource Kind { get; } = new FakeResource(Reporter.Type).WithAtomic("spec", "status");

    private int Reports => _server.Requests.Count(r => r.User == User && r.Verb == "patch");

    [Fact]
    public async Task Nothing_is_written_over_many_intervals_in_which_nothing_changes()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        await Task.Delay(300, Token);
        Assert.Equal(1, Reports);
        var written = File.GetLastWriteTimeUtc(Machine.PlanFile);
        await Task.Delay(2000, Token);
        Assert.Equal(1, Reports);
        Assert.Equal(written, File.GetLastWriteTimeUtc(Machine.PlanFile));
        // Nor is the object asked for again and again.
        Assert.InRange(_server.Requests.Count(r => r.User == User), 3, 4);
    }

    [Fact]
    public async Task Report_that_could_not_be_sent_is_sent_later_with_the_newest_state()
    {
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        _server.Stop();
        Put(SysctlNames.Count, 200000);
        await Task.Delay(400, Token);
        Put(Established, 5);
        await Until(() => Value(Established) == 7200, "the plan is kept all the while");
        Put(SysctlNames.Count, 250000);
        await Task.Delay(400, Token);
        var before = Reports;
        _server.Start();
        await Until(() => Stored?.Status?.Table?.Entries == 250000 && Status(Established).Rewrites == 1, "the newest state is reported");
        Assert.Equal("True Critical", ConditionOf("Pressure"));
        // One report, not one for each that could not be sent.
        Assert.InRange(Reports - before, 1, 2);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(403)]
    public async Task Report_that_is_refused_is_sent_again(int code)
    {
        await PlanAsync(Setting(Established, 7200));
        _server.Faults.Add(r => r.User == User && r.Verb == "patch", 1, FaultAction.Answer(code, "Refused"));
        Start();
        await Until(() => Is("True InSync"), "the report is there in the end");
        Assert.Equal(2, Reports);
    }

    [Fact]
    public async Task Report_whose_answer_was_lost_is_sent_again()
    {
        await PlanAsync(Setting(Established, 7200));
        _server.Faults.Add(r => r.User == User && r.Verb == "patch", 1, FaultAction.CutAnswer());
        Start();
        await Until(() => Is("True InSync") && Reports == 2, "the report was sent twice");
    }

    [Theory]
    [InlineData("expire")]
    [InlineData("cut")]
    [InlineData("garbage")]
    [InlineData("end")]
    public async Task Watch_that_breaks_is_taken_up_again_without_losing_a_plan(string how)
    {
        var fault = how switch
        {
            "expire" => FaultAction.ExpireWatch(),
            "cut" => FaultAction.CutWatch(),
            "garbage" => FaultAction.SendLine("{\"type\":\"MODIFIED\",\"object\":{\"metadata\":7"),
            _ => FaultAction.EndWatch(),
        };
        _server.Faults.Add(r => r.User == User && r.Verb == "watch", 2, fault);
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        await PlanAsync(Setting(Established, 3600));
        await Until(() => Is("True InSync", generation: 2) && Value(Established) == 3600, "the edit is in force");
    }

    [Fact]
    public async Task Only_the_own_object_is_watched()
    {
        _server.Put(
            Reporter.Type,
            """{"metadata":{"name":"other"},"spec":{"settings":[{"name":"nf_conntrack_tcp_timeout_established","value":1,"policy":"p","mode":"Enforce","onRemoval":"Restore"}]}}""");
        Start();
        await PlanAsync(Setting(Established, 7200));
        await Until(() => Is("True InSync"), "the plan is in force");
        Assert.All(
            _server.Requests.All.Where(r => r is { User: User, Verb: "list" or "watch" }),
            r => Assert.Equal($"metadata.name={Node}", r.Query["fieldSelector"]));
        Assert.DoesNotContain(_server.Requests.All, r => r.User == User && r.Verb is not ("list" or "watch" or "patch"));
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _server.Dispose();
    }

    protected override Task<ApiClient> ConnectAsync() => Task.FromResult(_server.CreateClient());

    protected override ServerConnection Connection() => new() { Server = _server.BaseAddress, Token = User };
}
