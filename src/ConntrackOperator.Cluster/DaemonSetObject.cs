using System.Text.Json;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Cluster;

/// <summary>The part of apps/v1 DaemonSet that the controller looks at; it writes the whole from the template.</summary>
public sealed record DaemonSetObject : IKubernetesObject
{
    /// <inheritdoc />
    public string? ApiVersion { get; init; }

    /// <inheritdoc />
    public string? Kind { get; init; }

    /// <inheritdoc />
    public ObjectMeta? Metadata { get; init; }

    /// <summary>The spec as it is.</summary>
    public JsonElement? Spec { get; init; }
}
