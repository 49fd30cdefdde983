using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller.Agents;

/// <summary>
/// Keeps the agents' DaemonSet when it, a policy's selector, a node, or the set of ConntrackNodes changes. It has one key.
/// </summary>
internal sealed class AgentController : ReconcilingController
{
    private const string Key = "agents";

    private readonly AgentTemplate _template;
    private readonly DeploymentOwner _owner;
    private readonly Informer<DaemonSetObject> _daemonSets;
    private readonly AgentReconciler _reconciler;

    public AgentController(ControllerContext context, AgentTemplate template, DeploymentOwner owner)
        : base(Key, context)
    {
        _template = template;
        _owner = owner;
        _daemonSets = new Informer<DaemonSetObject>(
            context.Api,
            ResourceType.DaemonSet,
            ClusterJson.Default.DaemonSetObject,
            new InformerOptions { Namespace = context.Options.Namespace, FieldSelector = "metadata.name=" + template.Name },
            context.Log,
            context.Time);
        _reconciler = new AgentReconciler(context, _daemonSets, template, owner);
        _daemonSets.Changed += DaemonSetChanged;
        context.Cluster.Policies.Changed += PolicyChanged;
        context.Cluster.Nodes.Changed += NodeChanged;
        context.Cluster.ConntrackNodes.Changed += ConntrackNodeChanged;
    }

    /// <inheritdoc />
    public override IReadOnlyList<IInformerState> Informers => [_daemonSets];

    /// <inheritdoc />
    public override IEnumerable<(string Name, Func<CancellationToken, Task> Run)> Parts =>
        [("the watch of " + ResourceType.DaemonSet.QualifiedName, _daemonSets.RunAsync)];

    /// <inheritdoc />
    public override async Task RunAsync(CancellationToken cancellationToken)
    {
        await _daemonSets.WaitForSyncAsync(cancellationToken);
        Queue.Add(Key);
        await base.RunAsync(cancellationToken);
    }

    /// <inheritdoc />
    protected override Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken) =>
        _reconciler.ReconcileAsync(cancellationToken);

    private void DaemonSetChanged(WatchChange<DaemonSetObject> change)
    {
        if (SpecChange.Is(change) || (change.New is { } now && !(_template.LabelsAreOn(now) && _owner.IsOn(now))))
        {
            Queue.Add(Key);
        }
    }

    private void PolicyChanged(WatchChange<ConntrackPolicy> change)
    {
        if (PlanChange.Is(change))
        {
            Queue.Add(Key);
        }
    }

    private void NodeChanged(WatchChange<NodeObject> change)
    {
        if (NodeReading.Differs(change.Old, change.New))
        {
            Queue.Add(Key);
        }
    }

    private void ConntrackNodeChanged(WatchChange<ConntrackNode> change)
    {
        if (change.Kind != WatchChangeKind.Modified)
        {
            Queue.Add(Key);
        }
    }
}
