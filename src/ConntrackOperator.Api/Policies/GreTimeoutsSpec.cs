using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>How long a GRE entry stays without a packet.</summary>
public sealed record GreTimeoutsSpec
{
    /// <summary>No reply yet: UNREPLIED (gre_timeout; the kernel's default is 30s).</summary>
    [Duration]
    public string? Unreplied { get; init; }

    /// <summary>Packets in both directions: STREAM (gre_timeout_stream; 3m).</summary>
    [Duration]
    public string? Stream { get; init; }
}
