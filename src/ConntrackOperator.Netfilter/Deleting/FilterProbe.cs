using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Reading;

namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>Finds out what the kernel filters by. No request here can delete an entry, on any kernel.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>Flush: a dump with a flag in CTA_FILTER that no kernel knows. One that reads CTA_FILTER refuses (5.8: EOPNOTSUPP, later EINVAL);
/// one that does not, dumps. Then a deletion with the same flag, a whole tuple that no packet can have, and an id that is no entry's. A
/// kernel that looks the tuple up says ENOENT (up to 6.11); one that deletes by filters refuses the flag before it looks at any
/// entry.</item>
/// <item>Status: CTA_STATUS_MASK alone. A kernel that reads it says EINVAL (ctnetlink_filter_parse_status), others dump.</item>
/// <item>Zone: there is no wrong zone. A dump of one zone must leave out an entry of another that a dump of all shows.</item>
/// </list>
/// </remarks>
internal static class FilterProbe
{
    private const string Operation = "find out what the kernel filters by";
    private const uint Sequence = 1;

    // The last zone: whoever has entries there has others as well.
    private const ushort SomeZone = ushort.MaxValue;

    /// <returns>Whether the kernel has that filter; null when it gave no clear answer.</returns>
    internal static bool? Ask(Func<INetlinkTransport> open, KernelFilters filter)
    {
        try
        {
            return filter switch
            {
                KernelFilters.Flush => Refuses(open, WrongFlag(Ctnetlink.IPCTNL_MSG_CT_GET)) is not { } knows ? null
                    : knows && Refuses(open, WrongFlag(Ctnetlink.IPCTNL_MSG_CT_DELETE)) == true,
                KernelFilters.Status => Refuses(open, MaskAlone()),
                KernelFilters.Zone => LeavesOutOtherZones(open),
                _ => null,
            };
        }
        catch (NetlinkException)
        {
            return null;
        }
    }

    private static byte[] WrongFlag(ushort operation)
    {
        var writer = new MessageWriter(new byte[FilterAttributes.MaxMessageBytes]);
        var dump = operation == Ctnetlink.IPCTNL_MSG_CT_GET;
        writer.Begin(
            operation, dump ? (ushort)(Nl.NLM_F_REQUEST | Nl.NLM_F_DUMP) : (ushort)(Nl.NLM_F_REQUEST | Nl.NLM_F_ACK), Sequence,
            Native.AF_INET);
        var tuple = writer.BeginNest(Ctnetlink.CTA_TUPLE_ORIG);
        var addresses = writer.BeginNest(Ctnetlink.CTA_TUPLE_IP);
        writer.BigEndian32(Ctnetlink.CTA_IP_V4_SRC, 0);
        writer.BigEndian32(Ctnetlink.CTA_IP_V4_DST, 0);
        writer.EndNest(addresses);
        var protocol = writer.BeginNest(Ctnetlink.CTA_TUPLE_PROTO);
        writer.Attribute(Ctnetlink.CTA_PROTO_NUM, [Native.IPPROTO_TCP]);
        writer.BigEndian16(Ctnetlink.CTA_PROTO_SRC_PORT, 0);
        writer.BigEndian16(Ctnetlink.CTA_PROTO_DST_PORT, 0);
        writer.EndNest(protocol);
        writer.EndNest(tuple);
        writer.BigEndian32(Ctnetlink.CTA_ID, FlushRequest.NoId);
        var filter = writer.BeginNest(Ctnetlink.CTA_FILTER);
        writer.Attribute(Ctnetlink.CTA_FILTER_ORIG_FLAGS, BitConverter.GetBytes(CtnetlinkFilter.Invalid));
        writer.EndNest(filter);
        writer.End();
        return writer.Written.ToArray();
    }

    private static byte[] MaskAlone()
    {
        var writer = new MessageWriter(new byte[FilterAttributes.MaxMessageBytes]);
        writer.Begin(Ctnetlink.IPCTNL_MSG_CT_GET, Nl.NLM_F_REQUEST | Nl.NLM_F_DUMP, Sequence, Native.AF_INET);
        writer.BigEndian32(Ctnetlink.CTA_STATUS_MASK, Ctnetlink.IPS_ASSURED);
        writer.End();
        return writer.Written.ToArray();
    }

    /// <returns>
    /// True: refused as wrong or not supported. False: done, or no such entry. Null: anything else. One datagram is enough.
    /// </returns>
    private static bool? Refuses(Func<INetlinkTransport> open, ReadOnlySpan<byte> request)
    {
        using var transport = open();
        transport.Send(request);
        var buffer = new byte[NetlinkDump.BufferBytes];
        var messages = new MessageReader(buffer.AsSpan(0, Math.Min(transport.Receive(buffer), buffer.Length)));
        if (!messages.Next() || messages.Sequence != Sequence)
        {
            return null;
        }

        return messages.Type switch
        {
            Nl.NLMSG_ERROR => NetlinkDump.ReadError(messages.Flags, messages.Payload, out _) switch
            {
                Errno.EINVAL or Errno.EOPNOTSUPP => true,
                Errno.ENOENT => false,
                _ => null,
            },
            Nl.NLMSG_DONE or >= Nl.NLMSG_MIN_TYPE => false,
            _ => null,
        };
    }

    private static bool? LeavesOutOtherZones(Func<INetlinkTransport> open)
    {
        var one = SeesAnotherZone(open, new KernelFilter(Native.AF_UNSPEC) { Zone = SomeZone });
        return one ? false : SeesAnotherZone(open, new KernelFilter(Native.AF_UNSPEC)) ? true : null;
    }

    private static bool SeesAnotherZone(Func<INetlinkTransport> open, KernelFilter filter)
    {
        using var transport = open();
        Span<byte> request = stackalloc byte[DumpRequest.MaxBytes];
        var visitor = new OtherZone();
        NetlinkDump.Run(
            transport, Operation, request[..new DumpRequest(filter).Write(request, Sequence)], Sequence, new byte[NetlinkDump.BufferBytes],
            ref visitor, default);
        return visitor.Found;
    }

    private struct OtherZone : IMessageVisitor
    {
        private static readonly FlowPredicate _inZone = new(new FlowFilter { Match = new FlowMatch { Zone = SomeZone } }, null);

        internal bool Found { get; private set; }

        public bool Visit(ushort type, scoped ReadOnlySpan<byte> payload)
        {
            Found |= FlowDecoder.TryDecode(payload, FlowFields.All, out var flow) && !_inZone.Matches(flow);
            return !Found;
        }
    }
}
