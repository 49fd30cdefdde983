using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Kubernetes.Informers;

namespace ConntrackOperator.Simulation;

/// <summary>How many nodes had, at any moment of the cluster's history, settings that their agents had not reported on.</summary>
internal sealed class ChangingNodes
{
    private readonly HashSet<string> _now = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private int _most;

    public ChangingNodes(TestCluster cluster) => cluster.PlanWatcher.Changed += Count;

    /// <summary>The most there were since the last look.</summary>
    public int TakeMost()
    {
        lock (_lock)
        {
            var most = _most;
            _most = _now.Count;
            return most;
        }
    }

    private void Count(WatchChange<ConntrackNode> change)
    {
        lock (_lock)
        {
            // An object without settings waits for the first report: nothing is being changed there.
            var isChanging = change.New is { Spec.Settings.Count: > 0 } node && node.Status?.ObservedGeneration is var observed
                && (observed is null || observed < node.Metadata!.Generation);
            _ = isChanging ? _now.Add(change.Key.Name) : _now.Remove(change.Key.Name);
            _most = Math.Max(_most, _now.Count);
        }
    }
}
