using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Kubernetes.Informers;

namespace ConntrackOperator.Controller.Flushes;

/// <summary>
/// Which flushes a node's plan holds: those that run and that were settled to be for it. All of it is in their status, so a new leader goes
/// on where the last one was.
/// </summary>
internal sealed class FlushAssignments(ObjectStore<ConntrackFlush> flushes)
{
    /// <summary>How many flushes a node has to do at once at most: what the list in its plan holds.</summary>
    public const int AtOnce = 32;

    /// <summary>
    /// A node's flushes: the oldest, should there be more than a plan may hold. A flush does not begin while a node of its has as many, but
    /// a leader that follows another may begin one that it should not have.
    /// </summary>
    public List<NodeFlush>? For(string node)
    {
        List<ConntrackFlush>? assigned = null;
        foreach (var flush in flushes.Snapshot.Values)
        {
            if (IsFor(flush, node))
            {
                (assigned ??= []).Add(flush);
            }
        }

        return assigned is null ? null :
        [
            .. assigned.OrderBy(f => f.Status!.StartedAt)
            .ThenBy(f => f.Metadata!.CreationTimestamp).ThenBy(f => f.Metadata!.Uid, StringComparer.Ordinal).Take(AtOnce)
                .OrderBy(f => f.Metadata!.Uid, StringComparer.Ordinal)
                .Select(f => new NodeFlush
                {
                    Uid = f.Metadata!.Uid,
                    Name = f.Metadata.Name,
                    Match = f.Spec!.Match,
                    Conditions = FlushConditions.Count(f.Spec.Match!),
                    DryRun = f.Spec.DryRun == true ? true : null,
                }),
        ];
    }

    /// <summary>Whether a flush runs and is for a node.</summary>
    public static bool IsFor(ConntrackFlush flush, string node) =>
        IsRunning(flush) && (flush.Status!.NodeNames?.Contains(node, StringComparer.Ordinal) ?? false);

    /// <summary>Whether a flush runs.</summary>
    public static bool IsRunning(ConntrackFlush flush) =>
        flush is { Status.Phase: FlushPhase.Running, Spec.Match: not null, Metadata: { Uid: not null, DeletionTimestamp: null } };
}
