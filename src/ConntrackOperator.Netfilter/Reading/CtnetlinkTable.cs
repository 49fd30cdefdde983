using System.Buffers;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Reading;

/// <summary>The table as ctnetlink dumps it, over a socket of its own for each dump.</summary>
internal sealed class CtnetlinkTable(Func<INetlinkTransport> open) : IFlowTable
{
    private const string Operation = "read the conntrack table";
    private const int Attempts = 3;

    public FlowSource Source => FlowSource.Ctnetlink;

    public FlowReadResult Read<TVisitor>(FlowFilter filter, FlowFields wanted, ref TVisitor visitor, CancellationToken cancellationToken)
        where TVisitor : struct, IFlowVisitor
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return ReadOnce(filter, wanted, ref visitor, cancellationToken);
            }
            catch (NetlinkException e) when (e.Errno == Errno.ENOBUFS && attempt < Attempts)
            {
                // Messages were lost: only a new dump tells what is there.
                if (!visitor.Restart())
                {
                    throw;
                }
            }
        }
    }

    private FlowReadResult ReadOnce<TVisitor>(
        FlowFilter filter, FlowFields wanted, ref TVisitor visitor, CancellationToken cancellationToken)
        where TVisitor : struct, IFlowVisitor
    {
        var total = new FlowReadResult(FlowSource.Ctnetlink, 0, true, false, 0);
        var sequence = 0u;
        var buffer = ArrayPool<byte>.Shared.Rent(NetlinkDump.BufferBytes);
        try
        {
            foreach (var request in KernelFilter.Of(filter))
            {
                // A socket for each: one that was left in mid-dump can't be asked again.
                using var transport = open();
                var decoding = new DecodingVisitor<TVisitor>(wanted, ref visitor);
                var outcome = Dump(transport, request, ++sequence, buffer, ref decoding, cancellationToken);
                total = total with
                {
                    Entries = total.Entries + decoding.Entries,
                    Undecodable = total.Undecodable + decoding.Undecodable,
                    Complete = total.Complete && outcome == DumpOutcome.Complete,
                    Interrupted = total.Interrupted || outcome == DumpOutcome.Interrupted,
                };
                if (outcome == DumpOutcome.Stopped)
                {
                    break;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return total;
    }

    private static DumpOutcome Dump<TVisitor>(
        INetlinkTransport transport,
        KernelFilter filter,
        uint sequence,
        Span<byte> buffer,
        ref DecodingVisitor<TVisitor> visitor,
        CancellationToken cancellationToken)
        where TVisitor : struct, IFlowVisitor
    {
        Span<byte> message = stackalloc byte[DumpRequest.MaxBytes];
        try
        {
            return NetlinkDump.Run(
                transport, Operation, message[..new DumpRequest(filter).Write(message, sequence)], sequence, buffer, ref visitor,
                cancellationToken);
        }
        catch (NetlinkException e) when (visitor.Entries == 0 && e.Errno is Errno.EOPNOTSUPP or Errno.EINVAL && !filter.IsPlain)
        {
            // A kernel built without marks or zones refuses to filter by them. We do it ourselves.
            var plain = new DumpRequest(new KernelFilter(filter.Family));
            return NetlinkDump.Run(
                transport, Operation, message[..plain.Write(message, sequence)], sequence, buffer, ref visitor, cancellationToken);
        }
    }

    private ref struct DecodingVisitor<TVisitor>(FlowFields wanted, ref TVisitor visitor) : IMessageVisitor
        where TVisitor : struct, IFlowVisitor
    {
        private readonly ref TVisitor _visitor = ref visitor;

        internal long Entries { get; private set; }

        internal long Undecodable { get; private set; }

        public bool Visit(ushort type, scoped ReadOnlySpan<byte> payload)
        {
            if (type != ((Ctnetlink.NFNL_SUBSYS_CTNETLINK << 8) | Ctnetlink.IPCTNL_MSG_CT_NEW))
            {
                return true;
            }

            Entries++;
            if (FlowDecoder.TryDecode(payload, wanted, out var flow))
            {
                return _visitor.Visit(flow);
            }

            Undecodable++;
            return true;
        }
    }
}
