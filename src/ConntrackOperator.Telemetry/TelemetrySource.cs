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

    /// <summary>The most series of one metric.</summary>
    public int SeriesLimit { get; init; } = TelemetryPipeline.SeriesLimit;
}
