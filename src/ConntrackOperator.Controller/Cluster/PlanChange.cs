using ConntrackOperator.Api.Policies;
using ConntrackOperator.Kubernetes.Informers;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>Tells changes of a policy that plans depend on from the others.</summary>
internal static class PlanChange
{
    /// <summary>Whether plans may differ after it. Status, labels, annotations and finalizers do not count.</summary>
    public static bool Is(in WatchChange<ConntrackPolicy> change) => SpecChange.Is(change) && !IsFinalizerOnly(change);

    private static bool IsFinalizerOnly(in WatchChange<ConntrackPolicy> change) =>
        change is { Kind: WatchChangeKind.Modified, Old.Metadata: { } old, New.Metadata: { } now }
        && old.Generation == now.Generation && old.DeletionTimestamp == now.DeletionTimestamp;
}
