using System.Text.Json.Serialization;
using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Policies;

/// <summary>What is recorded of each entry, and what is logged and checked.</summary>
public sealed record TrackingSpec
{
    /// <summary>The least expectationsMax.</summary>
    public const long MinimumExpectations = 1;

    /// <summary>The greatest expectationsMax.</summary>
    public const long MaximumExpectations = 16777216;

    /// <summary>
    /// Count packets and bytes of each new entry, for 64 bytes an entry (nf_conntrack_acct; the kernel's default is false).
    /// </summary>
    public bool? Accounting { get; init; }

    /// <summary>Record when each new entry began and ended (nf_conntrack_timestamp; false).</summary>
    public bool? Timestamps { get; init; }

    /// <summary>Do not track packets with a wrong checksum (nf_conntrack_checksum; true).</summary>
    public bool? Checksum { get; init; }

    /// <summary>
    /// Send events to listeners: Never, Always, or Auto, which is only while someone listens (nf_conntrack_events; Auto).
    /// </summary>
    public TrackingEvents? Events { get; init; }

    /// <summary>Log packets that tracking finds invalid, of one protocol or of all (nf_conntrack_log_invalid; None).</summary>
    public LogInvalidProtocol? LogInvalid { get; init; }

    /// <summary>How many expected connections (of FTP, SIP and so on) there may be (nf_conntrack_expect_max).</summary>
    [Range(MinimumExpectations, MaximumExpectations)]
    public long? ExpectationsMax { get; init; }

    /// <summary>
    /// Give connections their protocol helper by port (nf_conntrack_helper); gone from newer kernels, where it is reported as NotSupported.
    /// </summary>
    public bool? HelperAutoAssign { get; init; }
}

/// <summary>When connection tracking sends events.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TrackingEvents>))]
public enum TrackingEvents
{
    /// <summary>Never.</summary>
    Never,

    /// <summary>Always.</summary>
    Always,

    /// <summary>Only while someone listens.</summary>
    Auto,
}

/// <summary>Whose invalid packets are logged. The values are IP protocol numbers.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LogInvalidProtocol>))]
public enum LogInvalidProtocol
{
    /// <summary>Nobody's.</summary>
    None = 0,

    /// <summary>ICMP.</summary>
    ICMP = 1,

    /// <summary>TCP.</summary>
    TCP = 6,

    /// <summary>UDP.</summary>
    UDP = 17,

    /// <summary>DCCP.</summary>
    DCCP = 33,

    /// <summary>ICMPv6.</summary>
    ICMPv6 = 58,

    /// <summary>SCTP.</summary>
    SCTP = 132,

    /// <summary>UDP-Lite.</summary>
    UDPLite = 136,

    /// <summary>Every protocol's.</summary>
    All = 255,
}
