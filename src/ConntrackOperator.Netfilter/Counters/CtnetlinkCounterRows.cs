using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Counters;

/// <summary>
/// The rows of IPCTNL_MSG_CT_GET_STATS_CPU over one socket, kept open: for the network namespace of the thread that read
/// first. Needs CAP_NET_ADMIN.
/// </summary>
internal sealed class CtnetlinkCounterRows(Func<INetlinkTransport> open) : ICounterRows
{
    private readonly byte[] _buffer = new byte[NetlinkDump.BufferBytes];
    private INetlinkTransport? _transport;
    private uint _sequence;

    public CounterSource Source => CounterSource.Ctnetlink;

    public bool TryRead(List<CounterRow> rows)
    {
        rows.Clear();
        try
        {
            _transport ??= open();
            Span<byte> request = stackalloc byte[Nl.HeaderBytes + Nl.GenericBytes];
            var writer = new MessageWriter(request);
            writer.Begin(Ctnetlink.IPCTNL_MSG_CT_GET_STATS_CPU, Nl.NLM_F_REQUEST | Nl.NLM_F_DUMP, ++_sequence, Native.AF_UNSPEC);
            writer.End();
            var visitor = new StatVisitor(rows);
            NetlinkDump.Run(
                _transport, "read the conntrack counters", writer.Written, _sequence, _buffer, ref visitor, CancellationToken.None);
            return rows.Count > 0;
        }
        catch (NetlinkException)
        {
            // What is left on this socket is unknown; the next reading opens another.
            _transport?.Dispose();
            _transport = null;
            return false;
        }
    }

    public void Dispose()
    {
        _transport?.Dispose();
        _transport = null;
    }
}
