using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>
/// How many of its ports a translated address has in use for one destination. When none is left, new connections there are lost, however
/// empty the table is.
/// </summary>
public sealed record NatStatus
{
    /// <summary>The address that sources are translated to.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Source { get; init; }

    /// <summary>The destination's address, after translation.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Destination { get; init; }

    /// <summary>The destination's port.</summary>
    [Range(0, 65535)]
    public int? Port { get; init; }

    /// <summary>The protocol, such as tcp.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Protocol { get; init; }

    /// <summary>Ports in use.</summary>
    [Range(0, StatusBounds.Count)]
    public long? Ports { get; init; }

    /// <summary>The same in percent of the range, rounded down.</summary>
    [Range(0, 100)]
    public int? Percent { get; init; }

    /// <summary>The ports that there are, such as 1024-65535.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Range { get; init; }

    /// <summary>
    /// How that is known: AllPorts (what the kernel translates to where the rule names no ports), Rule, PortsSeen (they lie close together
    /// and nearly all were changed), LocalPortRange (net.ipv4.ip_local_port_range: this machine's own connections, which keep their ports).
    /// </summary>
    [AllowedValues("AllPorts", "Rule", "PortsSeen", "LocalPortRange")]
    public string? RangeFrom { get; init; }

    /// <summary>True where the ports are estimated from a sample; left out where each was counted.</summary>
    public bool? Estimated { get; init; }
}
