using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Kubernetes.Watching;

namespace ConntrackOperator.Controller.Flushes;

/// <summary>Which flushes a node's plan holds: those that run and that were settled to be for it. All of it is in their status, so a new leader goes on where the last one was.</summary>
internal sealed class FlushAssignments(ObjectStore<ConntrackFlush> flushes)
{
    public List<NodeFlush>? For(string node)
    {
        List<NodeFlush>? assigned = null;
        foreach (var flush in flushes.Snapshot.Values)
        {
            if (IsFor(flush, node))
            {
                (assigned ??= []).Add(new NodeFlush { Uid = flush.Metadata!.Uid, Name = flush.Metadata.Name, Match = flush.Spec!.Match, DryRun = flush.Spec.DryRun == true ? true : null });
            }
        }

        assigned?.Sort((a, b) => string.CompareOrdinal(a.Uid, b.Uid));
        return assigned;
    }

    public static bool IsFor(ConntrackFlush flush, string node) =>
        flush is { Status.Phase: FlushPhase.Running, Spec.Match: not null, Metadata: { Uid: not null, DeletionTimestamp: null } }
        && (flush.Status.NodeNames?.Contains(node, StringComparer.Ordinal) ?? false);
}
