using System.Text.Json.Serialization;

namespace ConntrackOperator.Kubernetes.Protocol;

/// <summary>What the API server answers instead of an object (meta/v1 Status).</summary>
public sealed record Status
{
    /// <summary><c>Success</c> or <c>Failure</c>.</summary>
    [JsonPropertyName("status")]
    public string? Outcome { get; init; }

    /// <summary>For people.</summary>
    public string? Message { get; init; }

    /// <summary>For programs: <c>NotFound</c>, <c>Conflict</c>, <c>Expired</c>, ...</summary>
    public string? Reason { get; init; }

    /// <summary>The HTTP status code.</summary>
    public int? Code { get; init; }

    /// <summary>More about it.</summary>
    public StatusDetails? Details { get; init; }
}
