using System.Buffers.Binary;
using ConntrackOperator.Netfilter.Counters;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Tests.Netlink;

namespace ConntrackOperator.Netfilter.Tests.Counters;

/// <summary>The counters of each CPU as ctnetlink tells them (ctnetlink_ct_stat_cpu_fill_info).</summary>
public sealed class CtnetlinkCounterRowsTests
{
    [Fact]
    public void Each_CPU_is_a_row_with_its_own_counters()
    {
        var kernel = new FakeTransport().Answer(
            Cpu(0, (Ctnetlink.CTA_STATS_DROP, 7), (Ctnetlink.CTA_STATS_EARLY_DROP, 8), (Ctnetlink.CTA_STATS_INSERT_FAILED, 9), (99, 1)),
            Cpu(3, (Ctnetlink.CTA_STATS_INVALID, 5), (Ctnetlink.CTA_STATS_CHAIN_TOOLONG, uint.MaxValue)),
            FakeTransport.Done());
        using var source = new CtnetlinkCounterRows(() => kernel);
        var rows = new List<CounterRow>();
        Assert.True(source.TryRead(rows));
        Assert.Equal([0, 3], rows.Select(row => row.Cpu));
        Assert.Equal((7u, 8u), (rows[0][CounterField.Drop], rows[0][CounterField.EarlyDrop]));
        Assert.Equal((9u, 0u), (rows[0][CounterField.InsertFailed], rows[0][CounterField.Invalid]));
        Assert.Equal((5u, uint.MaxValue), (rows[1][CounterField.Invalid], rows[1][CounterField.ChainTooLong]));
        var request = new MessageReader(Assert.Single(kernel.Sent));
        Assert.True(request.Next());
        Assert.Equal((Ctnetlink.NFNL_SUBSYS_CTNETLINK << 8) | Ctnetlink.IPCTNL_MSG_CT_GET_STATS_CPU, request.Type);
        Assert.Equal(Nl.NLM_F_REQUEST | Nl.NLM_F_DUMP, request.Flags);
    }

    [Fact]
    public void The_socket_is_kept_and_what_was_read_before_is_not_there_again()
    {
        var opened = 0;
        var kernel = new FakeTransport().Answer(Cpu(0, (Ctnetlink.CTA_STATS_DROP, 7)), FakeTransport.Done());
        var source = new CtnetlinkCounterRows(() =>
        {
            opened++;
            return kernel;
        });
        var rows = new List<CounterRow>();
        Assert.True(source.TryRead(rows));
        kernel.Answer(Cpu(0, 2, (Ctnetlink.CTA_STATS_DROP, 8)), FakeTransport.Done(sequence: 2));
        Assert.True(source.TryRead(rows));
        Assert.Equal((1, 1, 8u), (opened, rows.Count, rows[0][CounterField.Drop]));
        Assert.False(kernel.Disposed);
        source.Dispose();
        Assert.True(kernel.Disposed);
    }

    [Fact]
    public void After_a_failure_the_next_reading_has_another_socket()
    {
        var sockets = new Queue<FakeTransport>(
        [
            new FakeTransport().Answer(FakeTransport.Error(Errno.EPERM)),
            new FakeTransport().Answer(Cpu(0, 2, (Ctnetlink.CTA_STATS_DROP, 8)), FakeTransport.Done(sequence: 2)),
        ]);
        var first = sockets.Peek();
        using var source = new CtnetlinkCounterRows(sockets.Dequeue);
        var rows = new List<CounterRow>();
        Assert.False(source.TryRead(rows));
        Assert.True(first.Disposed);
        Assert.True(source.TryRead(rows));
        Assert.Equal(8u, Assert.Single(rows)[CounterField.Drop]);
    }

    [Fact]
    public void A_kernel_that_names_no_CPU_and_a_row_that_is_cut_off_tell_nothing()
    {
        using var none = new CtnetlinkCounterRows(() => new FakeTransport().Answer(FakeTransport.Done()));
        Assert.False(none.TryRead([]));
        var cut = FakeTransport.Message(Ctnetlink.IPCTNL_MSG_CT_GET_STATS_CPU | (1 << 8), [0, 0, 0, 1, 9, 0, 1, 0], 1, Nl.NLM_F_MULTI);
        var rows = new List<CounterRow>();
        using var source = new CtnetlinkCounterRows(() => new FakeTransport().Answer(cut, Cpu(2), FakeTransport.Done()));
        Assert.True(source.TryRead(rows));
        Assert.Equal(2, Assert.Single(rows).Cpu);
    }

    private static byte[] Cpu(ushort number, params (int Type, uint Value)[] counters) => Cpu(number, 1, counters);

    private static byte[] Cpu(ushort number, uint sequence, params (int Type, uint Value)[] counters)
    {
        List<byte> payload = [0, 0, (byte)(number >> 8), (byte)number];
        foreach (var (type, value) in counters)
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
            payload.AddRange(FakeTransport.Attribute(type, bytes));
        }

        return FakeTransport.Message(Ctnetlink.IPCTNL_MSG_CT_GET_STATS_CPU | (1 << 8), [.. payload], sequence, Nl.NLM_F_MULTI);
    }
}
