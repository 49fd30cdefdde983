using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Kubernetes.Protocol;

/// <summary>coordination.k8s.io/v1 Lease.</summary>
internal sealed record Lease : IKubernetesObject
{
    public string? ApiVersion { get; init; }

    public string? Kind { get; init; }

    public ObjectMeta? Metadata { get; init; }

    public LeaseSpec? Spec { get; init; }
}
