using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Matching;

/// <summary>Which entries, as in <c>relief</c> and ConntrackFlush. All given conditions must hold; none given means every entry.</summary>
public sealed record FlowMatch
{
    /// <summary>The IP protocol's number; see <see cref="FlowProtocols.TryParse"/>.</summary>
    public byte? Protocol { get; init; }

    /// <summary>State names of <see cref="FlowStates"/>, in any case; one of them must hold. Empty: any state.</summary>
    public IReadOnlyList<string> States { get; init; } = [];

    /// <summary>Without a reply (true) or with one (false).</summary>
    public bool? Unreplied { get; init; }

    /// <summary>Assured or not.</summary>
    public bool? Assured { get; init; }

    /// <summary>Where the original source is.</summary>
    public FlowNetwork? Source { get; init; }

    /// <summary>Where the original destination is, before address translation.</summary>
    public FlowNetwork? Destination { get; init; }

    /// <summary>The original source port, of protocols that have ports.</summary>
    public ushort? SourcePort { get; init; }

    /// <summary>The original destination port, of protocols that have ports.</summary>
    public ushort? DestinationPort { get; init; }

    /// <summary>
    /// Where answers come from: the original destination, or what it was translated to (DNAT), such as the pod behind a
    /// Service's address.
    /// </summary>
    public FlowNetwork? ReplySource { get; init; }

    /// <summary>Where answers go to: the original source, or what it was translated to (SNAT, masquerading).</summary>
    public FlowNetwork? ReplyDestination { get; init; }

    /// <summary>The port that answers come from: the original destination port, or what it was translated to.</summary>
    public ushort? ReplySourcePort { get; init; }

    /// <summary>The port that answers go to: the original source port, or what it was translated to.</summary>
    public ushort? ReplyDestinationPort { get; init; }

    /// <summary>ICMP's and ICMPv6's type, code and identifier, of the original direction.</summary>
    public IcmpMatch Icmp { get; init; }

    /// <summary>
    /// The same of the answers: an echo's has type 0 or 129, and with address translation it can have another identifier.
    /// </summary>
    public IcmpMatch ReplyIcmp { get; init; }

    /// <summary>GRE's keys, of the original direction.</summary>
    public GreMatch Gre { get; init; }

    /// <summary>The same of the answers.</summary>
    public GreMatch ReplyGre { get; init; }

    /// <summary>The zone: of both directions, or of the one that has a zone of its own. 0 is the zone of entries without one.</summary>
    public ushort? Zone { get; init; }

    /// <summary>
    /// No packet for at least this long, for certain: see <see cref="Idle.IdleClock"/>. Entries whose idle time is not known to be that
    /// long don't match.
    /// </summary>
    public TimeSpan? IdleFor { get; init; }

    /// <summary>
    /// Whether <see cref="IdleFor"/> may take it that the time-outs that were found first had held before anybody looked. A person
    /// can know that; nothing on the machine tells it. No condition by itself.
    /// </summary>
    public bool TimeoutsHeld { get; init; }

    /// <summary>Whether no condition is given.</summary>
    public bool IsEmpty => Protocol is null && States.Count == 0 && Unreplied is null && Assured is null
        && Source is null && Destination is null && !HasPorts && !HasIcmp && !HasGre && ReplySource is null && ReplyDestination is null
        && Zone is null && IdleFor is null;

    internal bool HasPorts =>
        SourcePort is not null || DestinationPort is not null || ReplySourcePort is not null || ReplyDestinationPort is not null;

    /// <summary>Whether a field of ICMP is a condition.</summary>
    public bool HasIcmp => !Icmp.IsEmpty || !ReplyIcmp.IsEmpty;

    /// <summary>Whether a key of GRE is a condition.</summary>
    public bool HasGre => !Gre.IsEmpty || !ReplyGre.IsEmpty;

    internal bool AsksForReply => ReplySource is not null || ReplyDestination is not null
        || ReplySourcePort is not null || ReplyDestinationPort is not null || !ReplyIcmp.IsEmpty || !ReplyGre.IsEmpty;
}
