using System.Globalization;
using ConntrackOperator.Agent;
using ConntrackOperator.Agent.Options;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Engine.Enforcement;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Logging;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Machines;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Integration.Tests.Nodes;

/// <summary>The whole way, round once: policy, controller, plan, agents on machines made of files, reports, status.</summary>
public abstract class WholeWay : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<(Machine Machine, Task Agent)> _nodes = [];
    private RunningController _controller = null!;

    private protected TestCluster Cluster { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Cluster = new TestCluster(await ConnectAsync());
        _controller = RunningController.Lead(await ConnectAsync(), null, Templates.Agent());
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (Cluster is not null)
        {
            await _controller.DisposeAsync();
            await _stop.CancelAsync();
            foreach (var (machine, agent) in _nodes)
            {
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => agent);
                machine.Dispose();
            }

            await Cluster.DisposeAsync();
        }

        _stop.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Policies_come_change_collide_and_go_and_every_kernel_follows()
    {
        var machines = new[]
        {
            await JoinAsync("node-1", "pool=edge"),
            await JoinAsync("node-2", "pool=edge"),
            await JoinAsync("node-3", "pool=web"),
        };
        await Cluster.ApplyAsync(
            "edge",
            """{"nodeSelector":{"matchLabels":{"pool":"edge"}},"table":{"size":{"entries":524288}},"timeouts":{"tcp":{"established":"24h"}}}""");
        await Until(() => Cluster.IsReady("edge"), "the policy is ready");
        Assert.Equal(
            [(524288, 86400), (524288, 86400), (262144, 432000)],
            machines.Select(m => (Value(m, SysctlNames.Max), Value(m, SysctlNames.TcpTimeoutEstablished))));
        Assert.Equal(1048576, Cluster.Policy("edge")!.Status!.Usage!.Limit);

        await Cluster.ApplyAsync("urgent", """{"priority":10,"timeouts":{"tcp":{"established":"1h"}}}""");
        await Until(() => Cluster.IsReady("urgent") && Cluster.IsReady("edge"), "both are ready");
        Assert.All(machines, m => Assert.Equal(3600, Value(m, SysctlNames.TcpTimeoutEstablished)));

        await Cluster.MergeAsync(ResourceType.Node, "node-2", """{"metadata":{"labels":{"pool":"web"}}}""");
        await Until(
            () => Value(machines[1], SysctlNames.Max) == 262144 && Cluster.Policy("edge")!.Status!.Nodes!.Selected == 1,
            "the node has left");

        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "urgent");
        await Until(
            () => Cluster.Policy("urgent") is null && Cluster.Plan("node-3") is null && Cluster.Plan("node-2") is null,
            "it is gone, and the plans of who left");
        Assert.Equal([86400, 432000, 432000], machines.Select(m => Value(m, SysctlNames.TcpTimeoutEstablished)));
        await Cluster.EventAsync("urgent", "Restored");

        await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "edge");
        await Until(() => Cluster.Policy("edge") is null && !Cluster.Plans.Any() && Cluster.DaemonSet() is null, "nothing is left");
        Assert.All(machines, m => Assert.Equal((262144, 432000), (Value(m, SysctlNames.Max), Value(m, SysctlNames.TcpTimeoutEstablished))));
    }

    [Fact]
    public async Task Policy_that_is_deleted_the_moment_it_came_leaves_no_kernel_changed()
    {
        var machine = await JoinAsync("node-1", "pool=edge");
        for (var i = 0; i < 15; i++)
        {
            await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
            await Task.Delay(i * 8, TestCluster.Token);
            await Cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
            await Until(() => Cluster.Policy("p") is null, "the policy is gone");
        }

        await Until(() => !Cluster.Plans.Any(), "the plan is gone");
        await Task.Delay(300, TestCluster.Token);
        Assert.Equal(432000, Value(machine, SysctlNames.TcpTimeoutEstablished));
    }

    protected abstract Task<ApiClient> ConnectAsync();

    protected abstract ServerConnection Connection();

    private static Task Until(Func<bool> condition, string what) => Eventually.UntilAsync(condition, what);

    private static long? Value(Machine machine, string key) =>
        long.TryParse(File.ReadAllText(Path.Combine(machine.Keys, key)), CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>A machine with its agent joins the cluster.</summary>
    private async Task<Machine> JoinAsync(string name, string labels)
    {
        var machine = new Machine();
        var options = new AgentOptions
        {
            NodeName = name,
            Server = Connection(),
            Engine = machine.Options,
            Interval = TimeSpan.FromMilliseconds(50),
            StartJitter = TimeSpan.Zero,
        };
        _nodes.Add(
            (machine,
            Task.Run(
                () =>
                    AgentHost.RunAsync(
                        options, new JsonLineLogger(Stream.Null, TimeProvider.System, LogLevel.Information), null, TimeProvider.System,
                        new Random(1), _stop.Token))));
        await Cluster.CreateNodeAsync(name, labels);
        return machine;
    }
}
