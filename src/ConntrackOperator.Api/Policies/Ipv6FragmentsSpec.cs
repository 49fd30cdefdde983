using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>Reassembly of fragmented IPv6 packets.</summary>
[Rule(
    "!has(self.highThreshold) || !has(self.lowThreshold) || !isQuantity(string(self.highThreshold)) || "
        + "!isQuantity(string(self.lowThreshold))"
    + " || quantity(string(self.lowThreshold)).compareTo(quantity(string(self.highThreshold))) <= 0",
    RuleMessages.LowAboveHigh,
    Field = "lowThreshold",
    Value = "type(self.lowThreshold) == int ? string(self.lowThreshold) : '\"' + string(self.lowThreshold) + '\"'")]
public sealed record Ipv6FragmentsSpec
{
    /// <summary>The least threshold, in bytes.</summary>
    public const long MinimumBytes = 4096;

    /// <summary>The greatest threshold, in bytes.</summary>
    public const long MaximumBytes = 17179869184;

    /// <summary>
    /// Memory for fragments above which new ones are dropped: bytes, such as 4194304 or 4Mi (nf_conntrack_frag6_high_thresh; the kernel's
    /// default is 4Mi).
    /// </summary>
    [ByteRange(MinimumBytes, MaximumBytes)]
    public Quantity? HighThreshold { get; init; }

    /// <summary>
    /// Memory for fragments below which dropping ends: bytes, such as 3145728 or 3Mi (nf_conntrack_frag6_low_thresh; 3Mi).
    /// </summary>
    [ByteRange(MinimumBytes, MaximumBytes)]
    public Quantity? LowThreshold { get; init; }

    /// <summary>How long fragments wait for the rest (nf_conntrack_frag6_timeout; 60s).</summary>
    [Duration]
    public string? Timeout { get; init; }
}
