using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Idle;

/// <summary>
/// Lists what arms other time-outs than the sysctls': time-out objects of nfnetlink_cttimeout (iptables' <c>CT --timeout</c>, Open
/// vSwitch) and of nf_tables (<c>ct timeout</c>), which the kernel keeps apart, and nf_tables' flow tables. Needs CAP_NET_ADMIN. The flow
/// tables of traffic control's action <c>ct</c> (Open vSwitch that offloads) nothing lists: where the kernel has the action, built in or as
/// a module, there may be some.
/// </summary>
internal sealed class TimeoutObjects
{
    private const string Operation = "list the time-out objects";
    private const int Attempts = 3;

    /// <summary>What the objects set, under the names of the sysctls whose place they take.</summary>
    internal HashSet<(string Key, long Seconds)> Values { get; } = [];

    /// <summary>Protocols of objects that could not be understood.</summary>
    internal HashSet<byte> Unclear { get; } = [];

    /// <summary>Whether there are flow tables, or may be, in which packets pass without arming anything.</summary>
    internal bool HasFlowTables { get; private set; }

    /// <summary>Whether all of it could be listed.</summary>
    internal bool IsComplete { get; private set; } = true;

    /// <param name="open">Opens a socket to netfilter's subsystems.</param>
    /// <param name="openRoute">Opens one to rtnetlink; null: traffic control is not asked.</param>
    /// <param name="absent">What the kernel turned out to lack before, which is not asked for; what it lacks now is added.</param>
    internal static TimeoutObjects List(
        Func<INetlinkTransport> open, Func<INetlinkTransport>? openRoute = null,
        HashSet<(byte Subsystem, ushort Operation)>? absent = null)
    {
        var found = new TimeoutObjects();
        found.Ask(open, Cttimeout.NFNL_SUBSYS_CTNETLINK_TIMEOUT, Cttimeout.IPCTNL_MSG_TIMEOUT_GET, absent);
        found.Ask(open, Cttimeout.NFNL_SUBSYS_NFTABLES, Cttimeout.NFT_MSG_GETOBJ, absent);
        found.Ask(open, Cttimeout.NFNL_SUBSYS_NFTABLES, Cttimeout.NFT_MSG_GETFLOWTABLE, absent);
        found.HasFlowTables |= openRoute is not null && MayHaveAction(openRoute, "ct\0"u8);
        return found;
    }

    /// <summary>
    /// Whether the kernel has an action of traffic control, told by how it refuses one of a number that nobody uses: ENOENT where it knows
    /// the kind, EINVAL where it does not (tcf_action_get_1 in net/sched/act_api.c). It loads no module for that.
    /// </summary>
    /// <returns>True as well where it can't be told.</returns>
    internal static bool MayHaveAction(Func<INetlinkTransport> openRoute, ReadOnlySpan<byte> kind)
    {
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(NetlinkDump.BufferBytes);
        try
        {
            using var transport = openRoute();
            Span<byte> request = stackalloc byte[64];
            var writer = new MessageWriter(request);

            // Its struct tcamsg is as long as a struct nfgenmsg, and all of it is 0 here.
            writer.Begin(TcActions.RTM_GETACTION, Nl.NLM_F_REQUEST, 1, Native.AF_UNSPEC, subsystem: 0);
            var actions = writer.BeginNest(TcActions.TCA_ACT_TAB);
            var first = writer.BeginNest(1);
            writer.Attribute(TcActions.TCA_ACT_KIND, kind);
            writer.Attribute(TcActions.TCA_ACT_INDEX, [0xFF, 0xFF, 0xFF, 0xFF]);
            writer.EndNest(first);
            writer.EndNest(actions);
            writer.End();
            transport.Send(writer.Written);
            var answer = new MessageReader(buffer.AsSpan(0, Math.Min(transport.Receive(buffer), buffer.Length)));
            return !answer.Next() || answer.Type != Nl.NLMSG_ERROR
                || NetlinkDump.ReadError(answer.Flags, answer.Payload, out _) is not (Errno.EINVAL or Errno.EOPNOTSUPP);
        }
        catch (NetlinkException)
        {
            return true;
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Ask(
        Func<INetlinkTransport> open, byte subsystem, ushort operation, HashSet<(byte Subsystem, ushort Operation)>? absent)
    {
        if (absent?.Contains((subsystem, operation)) == true)
        {
            return;
        }

        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            try
            {
                if (TryAsk(open, subsystem, operation))
                {
                    return;
                }
            }
            catch (NetlinkException e) when (e.Errno is Errno.EINVAL or Errno.EOPNOTSUPP or Errno.EPROTONOSUPPORT or Errno.EAFNOSUPPORT)
            {
                // nfnetlink_rcv_msg: a kernel without the subsystem. Then there are no objects either.
                absent?.Add((subsystem, operation));
                return;
            }
            catch (NetlinkException e) when (e.Errno != Errno.ENOBUFS)
            {
                break;
            }
            catch (NetlinkException)
            {
                // Messages were lost: ask again.
            }
        }

        IsComplete = false;
    }

    private bool TryAsk(Func<INetlinkTransport> open, byte subsystem, ushort operation)
    {
        using var transport = open();
        Span<byte> request = stackalloc byte[64];
        var writer = new MessageWriter(request);
        writer.Begin(operation, Nl.NLM_F_REQUEST | Nl.NLM_F_DUMP, 1, Native.AF_UNSPEC, subsystem);
        if (operation == Cttimeout.NFT_MSG_GETOBJ && subsystem == Cttimeout.NFNL_SUBSYS_NFTABLES)
        {
            writer.BigEndian32(Cttimeout.NFTA_OBJ_TYPE, Cttimeout.NFT_OBJECT_CT_TIMEOUT);
        }

        writer.End();
        var visitor = new Visitor(this);
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(NetlinkDump.BufferBytes);
        try
        {
            return NetlinkDump.Run(
                transport, Operation, writer.Written, 1, buffer, ref visitor, CancellationToken.None) == DumpOutcome.Complete;
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Add(ReadOnlySpan<byte> attributes, int protocolAttribute, int dataAttribute)
    {
        byte? protocol = null;
        ReadOnlySpan<byte> data = default;
        var parts = new AttributeReader(attributes);
        while (parts.Next())
        {
            if (parts.Type == protocolAttribute)
            {
                protocol = parts.Byte();
            }
            else if (parts.Type == dataAttribute)
            {
                data = parts.Value;
            }
        }

        if (protocol is not { } number || parts.Failed)
        {
            IsComplete = false;
            return;
        }

        var policy = new AttributeReader(data);
        var known = 0;
        while (policy.Next())
        {
            var seconds = policy.BigEndian32();
            if (TimeoutKeys.OfObject(number, policy.Type) is { } key)
            {
                Values.Add((key, seconds));
                known++;
            }
            else
            {
                Unclear.Add(number);
            }
        }

        if (policy.Failed || known == 0)
        {
            Unclear.Add(number);
        }
    }

    private void AddNftObject(ReadOnlySpan<byte> attributes)
    {
        var type = 0u;
        ReadOnlySpan<byte> data = default;
        var parts = new AttributeReader(attributes);
        while (parts.Next())
        {
            if (parts.Type == Cttimeout.NFTA_OBJ_TYPE)
            {
                type = parts.BigEndian32();
            }
            else if (parts.Type == Cttimeout.NFTA_OBJ_DATA)
            {
                data = parts.Value;
            }
        }

        if (type == Cttimeout.NFT_OBJECT_CT_TIMEOUT)
        {
            Add(data, Cttimeout.NFTA_CT_TIMEOUT_L4PROTO, Cttimeout.NFTA_CT_TIMEOUT_DATA);
        }
    }

    private readonly struct Visitor(TimeoutObjects found) : IMessageVisitor
    {
        public bool Visit(ushort type, scoped ReadOnlySpan<byte> payload)
        {
            if (payload.Length < Nl.GenericBytes)
            {
                found.IsComplete = false;
                return true;
            }

            var attributes = payload[Nl.GenericBytes..];
            switch (type)
            {
                case (Cttimeout.NFNL_SUBSYS_CTNETLINK_TIMEOUT << 8) | Cttimeout.IPCTNL_MSG_TIMEOUT_NEW:
                    found.Add(attributes, Cttimeout.CTA_TIMEOUT_L4PROTO, Cttimeout.CTA_TIMEOUT_DATA);
                    break;
                case (Cttimeout.NFNL_SUBSYS_NFTABLES << 8) | Cttimeout.NFT_MSG_NEWOBJ:
                    found.AddNftObject(attributes);
                    break;
                case (Cttimeout.NFNL_SUBSYS_NFTABLES << 8) | Cttimeout.NFT_MSG_NEWFLOWTABLE:
                    found.HasFlowTables = true;
                    break;
                default:
                    break;
            }

            return true;
        }
    }
}
