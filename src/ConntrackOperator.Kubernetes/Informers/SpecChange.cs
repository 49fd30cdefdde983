using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>Tells changes that a reconciler of the spec has to see from those of the status alone.</summary>
public static class SpecChange
{
    /// <summary>Whether the change may matter to who reads the spec: the object came, went or is another one; its
    /// generation, deletion mark or finalizers differ; or its kind does not count generations. Labels and annotations
    /// alone do not count.</summary>
    public static bool Is<T>(in WatchChange<T> change)
        where T : class, IKubernetesObject
    {
        if (change.Kind != WatchChangeKind.Modified || change is not { Old.Metadata: { } old, New.Metadata: { } now })
        {
            return true;
        }

        return old.Uid != now.Uid
            || now.Generation is null
            || old.Generation != now.Generation
            || old.DeletionTimestamp != now.DeletionTimestamp
            || !SameList(old.Finalizers, now.Finalizers);
    }

    private static bool SameList(List<string>? a, List<string>? b) => (a ?? []).SequenceEqual(b ?? []);
}
