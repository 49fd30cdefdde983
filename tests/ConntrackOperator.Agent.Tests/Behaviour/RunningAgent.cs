using System.Collections.Concurrent;
using System.Text;
using ConntrackOperator.Agent.Options;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Logging;
using ConntrackOperator.TestKit.Machines;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Agent.Tests.Behaviour;

/// <summary>An agent at work in the test's process.</summary>
internal sealed class RunningAgent : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    private RunningAgent(AgentOptions options, TimeProvider time)
    {
        var log = new JsonLineLogger(Log, time, LogLevel.Debug);
        Ended = Task.Run(() => AgentHost.RunAsync(options, log, null, time, new Random(1), _stop.Token));
    }

    public LineStream Log { get; } = new();

    public Task Ended { get; }

    public static AgentOptions Options(Machine machine, ServerConnection server) => new()
    {
        NodeName = AgentBehaviour.Node,
        Server = server,
        Engine = machine.Options,
        Interval = TimeSpan.FromMilliseconds(50),
        UsageReportGap = TimeSpan.FromMilliseconds(100),
        StartJitter = TimeSpan.Zero,
    };

    public static RunningAgent Start(Machine machine, ServerConnection server) => new(Options(machine, server), TimeProvider.System);

    public static RunningAgent Start(AgentOptions options, TimeProvider time) => new(options, time);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Ended);
        _stop.Dispose();
    }
}

/// <summary>Keeps the lines of a log.</summary>
internal sealed class LineStream : MemoryStream
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public bool Contains(string text) => Lines.Any(line => line.Contains(text, StringComparison.Ordinal));

    // JsonLineLogger writes a line at a time.
    public override void Write(byte[] buffer, int offset, int count) => Lines.Enqueue(Encoding.UTF8.GetString(buffer, offset, count));

    public override void Write(ReadOnlySpan<byte> buffer) => Lines.Enqueue(Encoding.UTF8.GetString(buffer));
}
