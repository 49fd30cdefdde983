using System.Collections.Concurrent;
using ConntrackOperator.Controller;
using ConntrackOperator.Controller.Agents;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Controller.Health;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Controller.Telemetry;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Simulation;

/// <summary>A controller at work in the test's process.</summary>
internal sealed class RunningController : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ControllerManager? _manager;

    private RunningController(ControllerManager? manager, Func<CancellationToken, Task> run)
    {
        _manager = manager;
        Ended = Task.Run(() => run(_stop.Token));
    }

    /// <summary>Ends when the controller does.</summary>
    public Task Ended { get; }

    public static ControllerOptions Quick { get; } = new()
    {
        Namespace = TestCluster.Namespace,
        StatusGap = TimeSpan.FromMilliseconds(50),
        UsageGap = TimeSpan.FromMilliseconds(200),
        RestoreTimeout = TimeSpan.FromSeconds(3),
    };

    /// <summary>The part that works, as if it held the lease.</summary>
    public static RunningController Lead(
        ApiClient api, ControllerOptions? options = null, AgentTemplate? template = null, ILogger? log = null, TimeProvider? time = null)
    {
        (options, log, time) = (options ?? Quick, log ?? new ListLog(), time ?? TimeProvider.System);
        var context = new ControllerContext(api, options, new ControllerMetrics("test"), log, time);
        var owner = new DeploymentOwner(api, options, log);
        var manager = new ControllerManager(context, template, owner, new ControllerHealth(time));
        return new RunningController(manager, manager.RunAsync);
    }

    /// <summary>The whole, with its lease.</summary>
    public static RunningController Host(ApiClient api, ControllerOptions options, AgentTemplate? template = null, ListLog? log = null) =>
        new(null, ct => ControllerHost.RunAsync(api, options, template, log ?? new ListLog(), TimeProvider.System, ct));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Ended;
        _manager?.Dispose();
        _stop.Dispose();
    }
}

/// <summary>Keeps what was said.</summary>
internal sealed class ListLog : ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            var message = formatter(state, exception);
            Lines.Enqueue(logLevel >= LogLevel.Warning ? $"warning: {message}: {exception?.Message}" : message);
        }
    }
}
