using System.Diagnostics.CodeAnalysis;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>
/// One entry of the table, as its source gave it. A view: the spans point into the reader's buffer, so it lives no longer
/// than the call that it was handed to. <see cref="Fields"/> says what is there; what is not reads as 0 or empty.
/// </summary>
public ref struct Flow
{
    internal FlowTuple OriginalTuple;
    internal FlowTuple ReplyTuple;
    internal FlowCounters OriginalTotals;
    internal FlowCounters ReplyTotals;
    internal ReadOnlySpan<byte> OriginalWire;
    internal ReadOnlySpan<byte> HelperName;
    internal ReadOnlySpan<byte> LabelBits;
    internal ReadOnlySpan<byte> Security;

    // enum ip_ct_tcp flags (IP_CT_TCP_FLAG_*) of linux/netfilter/nf_conntrack_tcp.h.
    internal byte TcpFlagsOriginal;
    internal byte TcpFlagsReply;

    /// <summary>The direction that the first packet had.</summary>
    [UnscopedRef]
    public readonly ref readonly FlowTuple Original => ref OriginalTuple;

    /// <summary>
    /// The direction of the answers, after address translation: it differs from the mirrored original where NAT is at work.
    /// </summary>
    [UnscopedRef]
    public readonly ref readonly FlowTuple Reply => ref ReplyTuple;

    /// <summary>What the source gave and the reader asked for.</summary>
    public FlowFields Fields { get; internal set; }

    /// <summary>The status bits. /proc shows only some of them.</summary>
    public FlowStatus Status { get; internal set; }

    /// <summary>The state's number; <see cref="StateName"/> is its name.</summary>
    public byte State { get; internal set; }

    /// <summary>Seconds left until it expires if no packet comes. Not there for offloaded flows.</summary>
    public uint TimeoutSeconds { get; internal set; }

    /// <summary>The mark.</summary>
    public uint Mark { get; internal set; }

    /// <summary>The zone of both directions.</summary>
    public ushort Zone { get; internal set; }

    /// <summary>The zone of the original direction, where it has one of its own.</summary>
    public ushort OriginalZone { get; internal set; }

    /// <summary>The zone of the reply direction, where it has one of its own.</summary>
    public ushort ReplyZone { get; internal set; }

    /// <summary>The reference count.</summary>
    public uint Use { get; internal set; }

    /// <summary>
    /// The kernel's identity of the entry, made of its place in memory, its tuple and its namespace. Entries that are there
    /// at the same time have different ones; a connection closed and opened again from the same port often has the same.
    /// </summary>
    public uint Id { get; internal set; }

    /// <summary>When it began, in nanoseconds since 1970.</summary>
    public ulong StartNanoseconds { get; internal set; }

    /// <summary>When it ended, in nanoseconds since 1970.</summary>
    public ulong StopNanoseconds { get; internal set; }

    /// <summary>Seconds since it began, where the source says only that.</summary>
    public ulong AgeSeconds { get; internal set; }

    /// <summary>Packets and bytes of the original direction, with nf_conntrack_acct.</summary>
    public readonly FlowCounters OriginalCounters => OriginalTotals;

    /// <summary>Packets and bytes of the reply direction, with nf_conntrack_acct.</summary>
    public readonly FlowCounters ReplyCounters => ReplyTotals;

    /// <summary>The helper's name, ASCII.</summary>
    public readonly ReadOnlySpan<byte> Helper => HelperName;

    /// <summary>The labels: bit n is bit n%8 of byte n/8 (little-endian machines).</summary>
    public readonly ReadOnlySpan<byte> Labels => LabelBits;

    /// <summary>The security context.</summary>
    public readonly ReadOnlySpan<byte> SecurityContext => Security;

    /// <summary>The IP protocol's number.</summary>
    public readonly byte Protocol => OriginalTuple.ProtocolNumber;

    /// <summary>Whether it is an IPv6 flow.</summary>
    public readonly bool IsIPv6 => OriginalTuple.IsV6;

    /// <summary>Whether no packet has come back yet.</summary>
    public readonly bool IsUnreplied => (Status & FlowStatus.SeenReply) == 0;

    /// <summary>Whether new connections do not evict it when the table is full; see <see cref="FlowStatus.Assured"/>.</summary>
    public readonly bool IsAssured => (Status & FlowStatus.Assured) != 0;

    /// <summary>Whether answers go to another address or port than the original source (SNAT, masquerading).</summary>
    public readonly bool IsSourceTranslated => Has(FlowFields.Reply)
        && (Reply.Destination != Original.Source || Reply.DestinationPort != Original.SourcePort);

    /// <summary>Whether answers come from another address or port than the original destination (DNAT, a Service's address).</summary>
    public readonly bool IsDestinationTranslated => Has(FlowFields.Reply)
        && (Reply.Source != Original.Destination || Reply.SourcePort != Original.DestinationPort);

    /// <summary>The state's name, see <see cref="FlowStates"/>.</summary>
    public readonly string StateName => FlowStates.Name(Protocol, State, Status);

    /// <summary>Whether all of <paramref name="fields"/> are there.</summary>
    public readonly bool Has(FlowFields fields) => (Fields & fields) == fields;
}
