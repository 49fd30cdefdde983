namespace ConntrackOperator.Api.Meta;

/// <summary>What every object of the Kubernetes API carries.</summary>
public interface IKubernetesObject
{
    /// <summary>Group and version, such as <c>conntrack.dev/v1alpha1</c>; null in the items of a list.</summary>
    string? ApiVersion { get; }

    /// <summary>The kind, such as <c>ConntrackPolicy</c>; null in the items of a list.</summary>
    string? Kind { get; }

    /// <summary>Name, version, owners and deletion marks.</summary>
    ObjectMeta? Metadata { get; }
}
