using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>Somebody or something that a finding is about.</summary>
public sealed record FindingParty
{
    /// <summary>Source, Destination, TranslatedSource, Namespace or Process.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Role { get; init; }

    /// <summary>Its address; left out for a network, a namespace or a process.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Address { get; init; }

    /// <summary>A network, such as 198.18.0.0/16.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Network { get; init; }

    /// <summary>The port.</summary>
    [Range(0, 65535)]
    public int? Port { get; init; }

    /// <summary>The protocol's name.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Protocol { get; init; }

    /// <summary>Percent of the table's entries.</summary>
    [Range(0, 100)]
    public double? Percent { get; init; }

    /// <summary>Entries, about.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Entries { get; init; }

    /// <summary>The link or process that has it, where that is known.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Name { get; init; }

    /// <summary>A process.</summary>
    [Range(0, int.MaxValue)]
    public int? Pid { get; init; }
}
