using ConntrackOperator.Controller.Agents;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Flushes;
using ConntrackOperator.Controller.Health;
using ConntrackOperator.Controller.Namespaces;
using ConntrackOperator.Controller.Nodes;
using ConntrackOperator.Controller.Policies;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller;

/// <summary>Starts the controllers of the leader, and runs them side by side until one of them breaks or it is told to stop.</summary>
internal sealed class ControllerManager : IDisposable
{
    private readonly ControllerContext _context;
    private readonly PolicyStatusAggregator _aggregator = new();
    private readonly List<ReconcilingController> _controllers;
    private readonly NamespaceEntriesWatch? _namespaces;
    private readonly Lock _lock = new();
    private bool _replanBegun;

    /// <summary>Creates the controllers; nothing runs yet.</summary>
    /// <param name="context">What the controllers share.</param>
    /// <param name="template">The agents' DaemonSet; null: somebody else runs the agents.</param>
    /// <param name="owner">The owner of the agents' DaemonSet.</param>
    /// <param name="health">Told what runs.</param>
    public ControllerManager(ControllerContext context, AgentTemplate? template, DeploymentOwner owner, ControllerHealth health)
    {
        _context = context;
        _controllers =
        [
            new NodeController(context, _aggregator),
            new PolicyController(context, _aggregator),
            new FlushController(context),
        ];
        if (template is not null)
        {
            _controllers.Add(new AgentController(context, template, owner));
        }

        _namespaces = context.Options.NamespaceMetric ? new NamespaceEntriesWatch(context) : null;
        IInformerState[] informers = [.. context.Cluster.Watches, .. _controllers.SelectMany(c => c.Informers)];
        health.Leads(informers, _controllers.Select(c => (c.Name, c.Queue)));
        context.Metrics.Leads(_aggregator);
    }

    /// <summary>Runs until cancelled, or until a part breaks, which ends all.</summary>
    /// <exception cref="PartEndedException">A part ended or failed, which the log says; the process should end.</exception>
    public Task RunAsync(CancellationToken cancellationToken)
    {
        List<(string Name, Func<CancellationToken, Task> Run)> parts =
        [
            ("the event recorder", _context.Events.RunAsync),
            .. _context.Cluster.Parts,
            .. _controllers.SelectMany(c => c.Parts),
            .. _namespaces is { } namespaces
            ? [("the entries by namespace", (Func<CancellationToken, Task>)namespaces.RunAsync)]
            : Array.Empty<(string, Func<CancellationToken, Task>)>(),
            .. _controllers.Select(c => ("reconcile " + c.Name, (Func<CancellationToken, Task>)(token => RunAsync(c, token)))),
        ];
        var supervisor = new Supervisor(_context.Log, _context.Time) { EndProcess = _context.Options.Lease.EndProcess };
        return supervisor.RunAsync(parts, cancellationToken);
    }

    /// <inheritdoc />
    public void Dispose() => _controllers.ForEach(c => c.Dispose());

    /// <summary>Plans made from half a list would take settings away from nodes.</summary>
    private async Task RunAsync(ReconcilingController controller, CancellationToken cancellationToken)
    {
        await _context.Cluster.WaitForSyncAsync(cancellationToken);
        lock (_lock)
        {
            if (!_replanBegun)
            {
                // While the lists came in, one after the other, no replan could know of all nodes.
                var nodes = _context.Cluster.NodeNames();
                _context.Cluster.AllPolicies().ForEach(policy => _aggregator.BeginReplan(policy, nodes));
                _replanBegun = true;
            }
        }

        await controller.RunAsync(cancellationToken);
    }
}
