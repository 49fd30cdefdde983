using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Telemetry.Tests.Simulation;

/// <summary>What a controller needs around it: an API server with one node.</summary>
internal sealed class ControllersCluster : IDisposable
{
    private readonly FakeApiServer _server = new(
    [
        new(ResourceType.ConntrackPolicy),
        new FakeResource(ResourceType.ConntrackNode).WithAtomic("spec", "status"),
        new(ResourceType.ConntrackFlush),
        new(ResourceType.DaemonSet),
    ]);

    private readonly string _kubeconfig = Path.GetTempFileName();

    public ControllersCluster()
    {
        File.WriteAllText(_kubeconfig, $"""
            apiVersion: v1
            kind: Config
            current-context: test
            contexts: [{"{"}name: test, context: {"{"}cluster: test, user: test{"}"}{"}"}]
            clusters: [{"{"}name: test, cluster: {"{"}server: "{_server.BaseAddress}"{"}"}{"}"}]
            users: [{"{"}name: test, user: {"{"}token: {_server.Token}{"}"}{"}"}]
            """);
        _server.Put(ResourceType.Node, """
            {"metadata":{"name":"node-7","labels":{"kubernetes.io/os":"linux"}},"status":{"capacity":{"cpu":"4","memory":"16Gi"},"conditions":[{"type":"Ready","status":"True"}]} }
            """);
    }

    public RunningProgram StartController((string, string)[] environment, params string[] arguments) => RunningProgram.Start(
        "ConntrackOperator.Controller", "conntrack-controller",
        ["--kubeconfig", _kubeconfig, "--namespace", "conntrack-system", "--identity", "me", .. arguments], environment);

    public void Policy(string name, string more = "") =>
        _server.Put(ResourceType.ConntrackPolicy, $$"""{"metadata":{"name":"{{name}}"},"spec":{"timeouts":{"generic":"5m"}{{more}} } }""");

    /// <summary>The API server goes away and comes back.</summary>
    public void Restart()
    {
        _server.Stop();
        _server.Start();
    }

    public void Dispose()
    {
        _server.Dispose();
        File.Delete(_kubeconfig);
    }
}
