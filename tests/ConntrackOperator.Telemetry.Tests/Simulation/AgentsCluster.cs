using ConntrackOperator.Agent.Reporting;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Machines;

namespace ConntrackOperator.Telemetry.Tests.Simulation;

/// <summary>What an agent needs around it: an API server, and a machine made of files.</summary>
internal sealed class AgentsCluster : IDisposable
{
    private const string Node = "node-7";

    private readonly FakeApiServer _server = new([new FakeResource(Reporter.Type).WithAtomic("spec", "status")]);
    private readonly string _token = Path.GetTempFileName();

    public AgentsCluster() => File.WriteAllText(_token, _server.Token);

    public Machine Machine { get; } = new();

    public RunningProgram StartAgent((string, string)[] environment, params string[] arguments) => RunningProgram.Start(
        "ConntrackOperator.Agent", "conntrack-agent",
        [
            "--node-name", Node, "--server", _server.BaseAddress.ToString(), "--token-file", _token, "--sysctl-dir", Machine.Keys,
            "--proc-dir", Machine.Proc,
            "--state-dir", Machine.State, "--host-root", Machine.Host, "--interval", "1s", "--usage-report-gap", "0s", "--start-jitter",
            "0s", .. arguments,
        ],
        environment);

    public void Plan(params (string Name, long Value)[] settings) => _server.Put(Reporter.Type, $$"""
        {"metadata":{"name":"{{Node}}"},"spec":{"settings":[{{string.Join(',', settings.Select(s => $$"""{"name":"{{s.Name}}","value":{{s.Value}},"policy":"edge","mode":"Enforce","onRemoval":"Restore"}"""))}}]} }
        """);

    public void Dispose()
    {
        _server.Dispose();
        Machine.Dispose();
        File.Delete(_token);
    }
}
