using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>What an object of one kind is found by.</summary>
/// <param name="Namespace">Null for cluster-scoped objects.</param>
/// <param name="Name">The name.</param>
public readonly record struct ObjectKey(string? Namespace, string Name)
{
    /// <summary>The key of an object that was read from the server.</summary>
    /// <exception cref="ArgumentException">The object has no name.</exception>
    public static ObjectKey Of(IKubernetesObject item)
    {
        ArgumentNullException.ThrowIfNull(item);
        var name = item.Metadata?.Name ?? throw new ArgumentException("The object has no name.", nameof(item));
        return new(item.Metadata.Namespace is { Length: > 0 } namespaceName ? namespaceName : null, name);
    }

    /// <summary><c>namespace/name</c>, or the name alone.</summary>
    public override string ToString() => Namespace is null ? Name : $"{Namespace}/{Name}";
}
