using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>One change of an <see cref="ObjectStore{T}"/>.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Key">To which object.</param>
/// <param name="Old">What the store held before; null when the object was added.</param>
/// <param name="New">What it holds now; when deleted, null.</param>
public readonly record struct WatchChange<T>(WatchChangeKind Kind, ObjectKey Key, T? Old, T? New)
    where T : class, IKubernetesObject
{
    /// <summary>The newest state that is known, of a deleted object its last.</summary>
    public T Object => New ?? Old ?? throw new InvalidOperationException("A change without an object.");
}
