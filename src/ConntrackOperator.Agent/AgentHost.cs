using ConntrackOperator.Agent.Health;
using ConntrackOperator.Agent.Logging;
using ConntrackOperator.Agent.Loop;
using ConntrackOperator.Agent.Options;
using ConntrackOperator.Agent.Reporting;
using ConntrackOperator.Agent.Telemetry;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Health;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Agent;

/// <summary>Puts the agent together and runs it.</summary>
internal static class AgentHost
{
    /// <summary>Runs until cancelled. The kept plan is applied before anything else, network or no network.</summary>
    /// <param name="options">What it was told.</param>
    /// <param name="log">Where it says what it does.</param>
    /// <param name="scrape">What /metrics says; null: there is none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For jitter.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="PartEndedException">A part ended or failed, which the log says; the process should end.</exception>
    public static async Task RunAsync(
        AgentOptions options, ILogger log, Func<ReadOnlyMemory<byte>>? scrape, TimeProvider time, Random random,
        CancellationToken cancellationToken)
    {
        using var engine = new NodeEngine(options.Engine with { StatusWillCome = true }, time);
        foreach (var problem in engine.Problems)
        {
            log.StateProblem(problem);
        }

        if (engine.Plan is { } kept && kept.Node != options.NodeName)
        {
            log.KeptPlanOfAnotherNode(kept.Node ?? "this host", options.NodeName);
        }

        try
        {
            engine.Enforce();
        }
        catch (IOException e)
        {
            // The loop tries again, and there is somebody to say so.
            log.KeptPlanNotInForce(e, options.Engine.StatePath);
        }

        if (engine.Plan is { } plan)
        {
            log.StartedWithKeptPlan(EngineVersion.Text, plan.Generation);
        }
        else
        {
            log.StartedWithoutPlan(EngineVersion.Text, options.NodeName);
        }

        var clientOptions = new ApiClientOptions { UserAgent = "conntrack-agent/" + EngineVersion.Text };
        var api = options.Server?.Connect(clientOptions, time) ?? InCluster.Create(clientOptions, time);
        var watcher = new Informer<ConntrackNode>(
            api, Reporter.Type, ApiJson.Default.ConntrackNode, new InformerOptions { FieldSelector = "metadata.name=" + options.NodeName },
            log, time, random);
        var health = new AgentHealth(time, options.Interval, watcher);
        using var metrics = new AgentMetrics();
        using var reporter = new Reporter(api, options, metrics, log, time, random);
        using var loop = new AgentLoop(engine, watcher, reporter, health, metrics, options, log, time);

        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var serving = options.Listen is { } address
            ? new HealthEndpoint(address, health.NotAlive, health.NotReady, log) { Metrics = scrape }.RunAsync(all.Token)
            : Task.CompletedTask;
        try
        {
            await new Supervisor(log, time).RunAsync(
                [("the loop", loop.RunAsync), ("the reporter", reporter.RunAsync),
                ("the watch", token => WatchAsync(watcher, options, time, random, token))], cancellationToken);
        }
        finally
        {
            await all.CancelAsync();
            await serving;
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private static async Task WatchAsync(
        Informer<ConntrackNode> watcher, AgentOptions options, TimeProvider time, Random random, CancellationToken cancellationToken)
    {
        await Task.Delay(options.StartJitter * random.NextDouble(), time, cancellationToken);
        await watcher.RunAsync(cancellationToken);
    }
}
