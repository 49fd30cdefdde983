namespace ConntrackOperator.Telemetry;

/// <summary>Who speaks, and under which names its meters and spans are found.</summary>
public sealed record TelemetrySource
{
    /// <summary>service.name, and the component of conntrack_build_info: conntrack-agent or conntrack-controller.</summary>
    public required string Component { get; init; }

    /// <summary>The program's version.</summary>
    public required string Version { get; init; }

    /// <summary>service.instance.id: the node or the pod.</summary>
    public required string Instance { get; init; }

    /// <summary>Further attributes of the resource, such as k8s.node.name.</summary>
    public IReadOnlyList<KeyValuePair<string, object>> Attributes { get; init; } = [];

    /// <summary>Its meters.</summary>
    public required IReadOnlyList<string> Meters { get; init; }

    /// <summary>Its activity sources.</summary>
    public required IReadOnlyList<string> Spans { get; init; }

    /// <summary>
    /// The most series of each metric that has labels; one that is not named has a single series. What is beyond is summed up in
    /// a series of its own, otel_metric_overflow="true", so no metric can grow without bound whatever the cluster holds. The SDK
    /// sets memory aside for as many, so the bounds are no greater than they need be.
    /// </summary>
    public required IReadOnlyDictionary<string, int> Series { get; init; }
}
