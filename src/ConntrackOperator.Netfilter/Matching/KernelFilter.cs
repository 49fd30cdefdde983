using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Matching;

/// <summary>The part of a <see cref="FlowFilter"/> that the kernel decides by itself, for one request. Pure.</summary>
/// <remarks>
/// What kernels compare is in ctnetlink_filter_match and ctnetlink_filter_match_tuple of net/netfilter/nf_conntrack_netlink.c. Left out
/// here, and decided after decoding, is what they get wrong or pass over, as of 6.18:
/// <list type="bullet">
/// <item>
/// IPv6 addresses: the comparison is the wrong way round (<c>!ipv6_addr_cmp</c>), so every entry but the one asked for is let through.
/// </item>
/// <item>Ports of other protocols than TCP and UDP, and GRE keys: accepted, and never compared.</item>
/// <item>Addresses and ports of the reply direction before 5.10: 5.8 read that tuple with the flags of the other one.</item>
/// <item>Networks, TCP states, idle times: there is no such thing.</item>
/// </list>
/// A part of a tuple needs the IP version; ports, and the type, code and identifier of ICMP and ICMPv6, need the protocol. Types that
/// have no answer are refused with EINVAL, and then everything is decided after decoding. Kernels before 5.8 know nothing of tuples, before
/// 5.15 nothing of the status, before 6.8 nothing of the zone; they pass over it, and send more.
/// </remarks>
/// <param name="Family">AF_INET, AF_INET6, or AF_UNSPEC for both.</param>
internal sealed record KernelFilter(byte Family)
{
    private static readonly bool _readsReplyTuple = Environment.OSVersion.Version >= new Version(5, 10);

    internal byte? Protocol { get; init; }

    internal TupleFilter Original { get; init; }

    internal TupleFilter Reply { get; init; }

    internal uint? Mark { get; init; }

    internal uint MarkMask { get; init; } = uint.MaxValue;

    internal ushort? Zone { get; init; }

    internal FlowStatus Status { get; init; }

    /// <summary>The status bits that count; none: the status is no condition.</summary>
    internal FlowStatus StatusMask { get; init; }

    /// <summary>Whether nothing of the filter is left to decide.</summary>
    internal bool DecidesAll { get; init; }

    /// <summary>Whether it asks for nothing but an IP version.</summary>
    internal bool IsPlain => Protocol is null && Original == default && Reply == default && Mark is null && Zone is null && StatusMask == 0;

    /// <summary>
    /// The requests that a filter takes: one, or one an IP version where a protocol is asked for; none where no entry can match, since
    /// its addresses are of different versions.
    /// </summary>
    /// <param name="filter">The conditions.</param>
    /// <param name="readsReplyTuple">
    /// Whether the kernel reads the reply's tuple as it should; null: as this machine's release tells.
    /// </param>
    internal static IReadOnlyList<KernelFilter> Of(FlowFilter filter, bool? readsReplyTuple = null)
    {
        var reply = readsReplyTuple ?? _readsReplyTuple;
        var match = filter.Match ?? new FlowMatch();
        FlowNetwork?[] networks = [match.Source, match.Destination, match.ReplySource, match.ReplyDestination];
        var v4 = filter.Family != FlowFamily.IPv6 && !networks.Any(n => n is { Address.IsIPv6: true });
        var v6 = filter.Family != FlowFamily.IPv4 && !networks.Any(n => n is { Address.IsIPv6: false });
        if (v4 && v6 && match.Protocol is null)
        {
            return [Of(filter, match, Native.AF_UNSPEC, reply)];
        }

        List<KernelFilter> filters = [];
        if (v4)
        {
            filters.Add(Of(filter, match, Native.AF_INET, reply));
        }

        if (v6)
        {
            filters.Add(Of(filter, match, Native.AF_INET6, reply));
        }

        return filters;
    }

    private static KernelFilter Of(FlowFilter filter, FlowMatch match, byte family, bool readsReplyTuple)
    {
        var (status, mask, exact) = StatusOf(filter, match);
        var (ports, icmp) = (ComparesPorts(match.Protocol), match.Protocol is { } protocol && FlowProtocols.IsIcmp(protocol));
        var original = new TupleFilter
        {
            Source = Exact(match.Source),
            Destination = Exact(match.Destination),
            SourcePort = ports ? match.SourcePort : null,
            DestinationPort = ports ? match.DestinationPort : null,
            Icmp = icmp ? match.Icmp : default,
        };
        var reply = !readsReplyTuple ? default : new TupleFilter
        {
            Source = Exact(match.ReplySource),
            Destination = Exact(match.ReplyDestination),
            SourcePort = ports ? match.ReplySourcePort : null,
            DestinationPort = ports ? match.ReplyDestinationPort : null,
            Icmp = icmp ? match.ReplyIcmp : default,
        };
        return new KernelFilter(family)
        {
            Protocol = match.Protocol,
            Original = original,
            Reply = reply,
            Mark = filter.Mark,
            MarkMask = filter.MarkMask,
            Zone = match.Zone,
            Status = status,
            StatusMask = mask,
            DecidesAll = exact
                && match.IdleFor is null
                && !match.HasGre
                && original.Icmp == match.Icmp
                && reply.Icmp == match.ReplyIcmp
                && Decides(original, match.Source, match.Destination, match.SourcePort, match.DestinationPort)
                && Decides(reply, match.ReplySource, match.ReplyDestination, match.ReplySourcePort, match.ReplyDestinationPort),
        };
    }

    private static bool Decides(
        TupleFilter tuple, FlowNetwork? source, FlowNetwork? destination, ushort? sourcePort, ushort? destinationPort) =>
        IsWhole(tuple.Source, source) && IsWhole(tuple.Destination, destination) && tuple.SourcePort == sourcePort
            && tuple.DestinationPort == destinationPort;

    // Every address of a version is what the version alone says.
    private static bool IsWhole(FlowAddress? compared, FlowNetwork? asked) => asked is null or { PrefixLength: 0 } || compared is not null;

    private static FlowAddress? Exact(FlowNetwork? network) =>
        network is { PrefixLength: 32, Address: { IsIPv6: false } address } ? address : null;

    private static bool ComparesPorts(byte? protocol) => protocol is Native.IPPROTO_TCP or Native.IPPROTO_UDP;

    /// <summary>
    /// What must hold of the status, and whether that says all of what the match asks of states, replies and being assured. The lives of
    /// UDP are told by the status alone; a state of TCP is not: an entry in TIME_WAIT need not be assured, nor have seen a reply.
    /// </summary>
    private static (FlowStatus Status, FlowStatus Mask, bool Exact) StatusOf(FlowFilter filter, FlowMatch match)
    {
        const FlowStatus Both = FlowStatus.Assured | FlowStatus.SeenReply;
        ReadOnlySpan<FlowStatus> combinations = [FlowStatus.None, FlowStatus.Assured, FlowStatus.SeenReply, Both];
        var (all, none, count, exact) = (Both, FlowStatus.None, 0, true);
        foreach (var combination in combinations)
        {
            var matching = match.Protocol is null && match.States.Count > 0
                ? MatchesStatus(match, combination) ? 1 : 0
                : Enumerable.Range(0, FlowClass.States).Count(state =>
                    FlowPredicate.MatchesClass(match, FlowClass.Of(match.Protocol ?? 0, (byte)state, combination)));
            exact &= matching is 0 or FlowClass.States;
            if (matching > 0)
            {
                (all, none, count) = (all & combination, none | combination, count + 1);
            }
        }

        // Bits that every combination has, or none has, are conditions. No combination at all is left to decide later.
        var mask = count == 0 ? FlowStatus.None : Both & ~(all ^ none);
        exact &= count == 4 >> System.Numerics.BitOperations.PopCount((uint)mask);
        var own = mask & ~filter.StatusMask;
        return ((filter.Status & filter.StatusMask) | (all & own), filter.StatusMask | own, exact && (filter.StatusMask & mask) == 0);
    }

    private static bool MatchesStatus(FlowMatch match, FlowStatus status) =>
        (match.Unreplied is not { } unreplied || ((status & FlowStatus.SeenReply) == 0) == unreplied)
        && (match.Assured is not { } assured || ((status & FlowStatus.Assured) != 0) == assured);
}
