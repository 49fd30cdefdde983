namespace ConntrackOperator.Planning.Advice.Findings;

/// <summary>Somebody or something that a finding is about.</summary>
public sealed record Party
{
    /// <summary>Source, Destination, TranslatedSource, Namespace or Process.</summary>
    public required string Role { get; init; }

    /// <summary>Its address; null for a network, a namespace or a process.</summary>
    public string? Address { get; init; }

    /// <summary>A network, such as 198.18.0.0/16.</summary>
    public string? Network { get; init; }

    /// <summary>The port.</summary>
    public int? Port { get; init; }

    /// <summary>The protocol's name.</summary>
    public string? Protocol { get; init; }

    /// <summary>Percent of the table's entries.</summary>
    public double? Percent { get; init; }

    /// <summary>Entries, about.</summary>
    public long? Entries { get; init; }

    /// <summary>The pod, service, link or process that has the address, where that is known.</summary>
    public string? Name { get; init; }

    /// <summary>A process.</summary>
    public int? Pid { get; init; }
}
