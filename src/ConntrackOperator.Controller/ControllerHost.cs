using ConntrackOperator.Controller.Agents;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Controller.Health;
using ConntrackOperator.Controller.Logging;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Controller.Telemetry;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Health;
using ConntrackOperator.Kubernetes.LeaderElection;
using ConntrackOperator.Kubernetes.WorkQueues;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Controller;

/// <summary>Puts the controller together: waits for the lease, works while it holds it.</summary>
internal static class ControllerHost
{
    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="LeaseLostException">The lease was lost; the process should end.</exception>
    /// <exception cref="PartEndedException">A part ended or failed, which the log says; the process should end.</exception>
    public static async Task RunAsync(
        ApiClient api, ControllerOptions options, AgentTemplate? template, ILogger log, TimeProvider time,
        CancellationToken cancellationToken, Func<ReadOnlyMemory<byte>>? scrape = null)
    {
        var health = new ControllerHealth(time);
        using var metrics = new ControllerMetrics(options.LeaseName);
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var serving = options.Listen is { } address
            ? new HealthEndpoint(address, health.NotAlive, health.NotReady, log) { Metrics = scrape }.RunAsync(all.Token)
            : Task.CompletedTask;
        try
        {
            var owner = new DeploymentOwner(api, options, log);
            var lease = new LeaderElector(
                api, options.Namespace, options.LeaseName, options.Identity, options.Lease with { Owner = () => owner.Reference }, log,
                time);
            health.Asks(() => (lease.SinceAnswer, lease.LastFailure));
            await lease.RunAsync(
                async token =>
                {
                    log.Leads(options.Identity);
                    var context = new ControllerContext(api, options, metrics, log, time);
                    using var manager = new ControllerManager(context, template, owner, health);
                    try
                    {
                        await manager.RunAsync(token);
                    }
                    finally
                    {
                        health.LeadsNoMore();
                        metrics.LeadsNoMore();
                    }
                },
                cancellationToken);
        }
        finally
        {
            await all.CancelAsync();
            await serving;
        }
    }
}
