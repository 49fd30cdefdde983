using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Tests.Flows;

namespace ConntrackOperator.Netfilter.Tests.Netlink;

/// <summary>Dumps that go wrong, with a kernel made up by the test.</summary>
public sealed class NetlinkDumpTests
{
    private static readonly byte[] _first = new FlowCase { Id = 1 }.Encode();
    private static readonly byte[] _second = new FlowCase { Id = 2 }.Encode();

    [Fact]
    public void A_dump_over_several_datagrams_is_read_to_its_end()
    {
        var kernel = new FakeTransport()
            .Answer(FakeTransport.Entry(_first), FakeTransport.Entry(_second))
            .Answer(FakeTransport.Entry(_first), FakeTransport.Done());
        var (result, ids) = Read(kernel);
        Assert.Equal(new FlowReadResult(FlowSource.Ctnetlink, 3, true, false, 0), result);
        Assert.Equal([1u, 2u, 1u], ids);
        Assert.True(kernel.Disposed);
    }

    [Fact]
    public void An_interrupted_dump_is_not_complete()
    {
        var kernel = new FakeTransport().Answer(
            FakeTransport.Entry(_first), FakeTransport.Entry(_second, flags: Nl.NLM_F_MULTI | Nl.NLM_F_DUMP_INTR), FakeTransport.Done());
        Assert.Equal(new FlowReadResult(FlowSource.Ctnetlink, 2, false, true, 0), Read(kernel).Result);
    }

    [Fact]
    public void An_interruption_that_only_the_end_tells_counts()
    {
        var kernel = new FakeTransport().Answer(FakeTransport.Entry(_first), FakeTransport.Done(flags: Nl.NLM_F_DUMP_INTR));
        Assert.True(Read(kernel).Result.Interrupted);
    }

    [Fact]
    public void An_error_at_the_end_of_a_dump_is_an_error()
    {
        var kernel = new FakeTransport().Answer(FakeTransport.Entry(_first), FakeTransport.Done(result: -Errno.ENOMEM, words: "no room"));
        var error = Assert.Throws<NetlinkException>(() => Read(kernel));
        Assert.Equal((Errno.ENOMEM, "no room"), (error.Errno, error.KernelMessage));
        Assert.Equal("Could not read the conntrack table: Cannot allocate memory (ENOMEM): no room.", error.Message);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_kernels_own_words_are_passed_on(bool capped)
    {
        var kernel = new FakeTransport().Answer(FakeTransport.Error(Errno.EBUSY, words: "attribute fails policy", capped: capped));
        var error = Assert.Throws<NetlinkException>(() => Read(kernel));
        Assert.Equal((Errno.EBUSY, "attribute fails policy"), (error.Errno, error.KernelMessage));
    }

    [Fact]
    public void An_error_in_the_midst_of_a_dump_ends_it()
    {
        var kernel = new FakeTransport()
            .Answer(FakeTransport.Entry(_first), FakeTransport.Error(Errno.EBUSY), FakeTransport.Entry(_second));
        Assert.Equal(Errno.EBUSY, Assert.Throws<NetlinkException>(() => Read(kernel)).Errno);
        Assert.True(kernel.Disposed);
    }

    [Fact]
    public void Lost_messages_are_made_good_by_a_new_dump()
    {
        var losing = new FakeTransport().Answer(FakeTransport.Entry(_first)).Fail(Errno.ENOBUFS);
        var whole = new FakeTransport().Answer(FakeTransport.Entry(_first), FakeTransport.Entry(_second), FakeTransport.Done());
        var counting = new CountingVisitor();
        var result = Table(losing, whole).Read(FlowFilter.All, FlowFields.All, ref counting, CancellationToken.None);
        Assert.True(result.Complete);
        Assert.Equal((2, 1), (counting.Seen, counting.Restarts));
        Assert.True(losing.Disposed);
    }

    [Fact]
    public void Messages_that_are_lost_again_and_again_are_an_error()
    {
        var counting = new CountingVisitor();
        var table = Table([.. Enumerable.Range(0, 3).Select(_ => new FakeTransport().Answer(FakeTransport.Message(Nl.NLMSG_OVERRUN, [])))]);
        Assert.Equal(
            Errno.ENOBUFS,
            Assert.Throws<NetlinkException>(() => table.Read(FlowFilter.All, FlowFields.All, ref counting, CancellationToken.None)).Errno);
    }

    [Fact]
    public void What_was_handed_on_is_not_handed_on_twice()
    {
        var losing = new FakeTransport().Answer(FakeTransport.Entry(_first)).Fail(Errno.ENOBUFS);
        Assert.Equal(Errno.ENOBUFS, Assert.Throws<NetlinkException>(() => Read(losing)).Errno);
    }

    [Fact]
    public void A_datagram_that_was_cut_off_is_an_error()
    {
        var kernel = new FakeTransport().Answer(new byte[NetlinkDump.BufferBytes * 4]);
        Assert.Equal(Errno.EMSGSIZE, Assert.Throws<NetlinkException>(() => Read(kernel)).Errno);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(15u)]
    [InlineData(10_000u)]
    [InlineData(uint.MaxValue)]
    public void A_length_that_cant_be_right_is_an_error(uint length)
    {
        var message = FakeTransport.Entry(_first);
        BitConverter.TryWriteBytes(message, length);
        var kernel = new FakeTransport().Answer(FakeTransport.Entry(_second), message);
        Assert.Equal(Errno.EBADMSG, Assert.Throws<NetlinkException>(() => Read(kernel)).Errno);
    }

    [Fact]
    public void Answers_to_somebody_elses_request_are_passed_over()
    {
        var kernel = new FakeTransport().Answer(
            FakeTransport.Entry(_first, sequence: 9), FakeTransport.Entry(_first, port: 5), FakeTransport.Done(sequence: 9),
            FakeTransport.Entry(_second), FakeTransport.Done());
        Assert.Equal([2u], Read(kernel).Ids);
    }

    [Fact]
    public void An_entry_that_makes_no_sense_is_counted_and_the_rest_is_read()
    {
        var kernel = new FakeTransport().Answer(
            FakeTransport.Entry([2, 0, 0, 0]), FakeTransport.Entry(_first[..40]), FakeTransport.Entry([]),
            FakeTransport.Message(Nl.NLMSG_NOOP, []),
            FakeTransport.Message(0x77ff, _first), FakeTransport.Entry(_second), FakeTransport.Done());
        var (result, ids) = Read(kernel);
        Assert.Equal([2u], ids);
        Assert.Equal(new FlowReadResult(FlowSource.Ctnetlink, 4, true, false, 3), result);
    }

    [Fact]
    public void A_visitor_that_has_enough_closes_the_socket()
    {
        var kernel = new FakeTransport().Answer(FakeTransport.Entry(_first), FakeTransport.Entry(_second));
        var result = Reader(kernel).Read(FlowFilter.All, (in Flow _) => false, CancellationToken.None);
        Assert.Equal(new FlowReadResult(FlowSource.Ctnetlink, 1, false, false, 0), result);
        Assert.True(kernel.Disposed);
    }

    [Fact]
    public void A_cancelled_dump_ends_between_two_datagrams()
    {
        using var source = new CancellationTokenSource();
        var kernel = new FakeTransport().Answer(FakeTransport.Entry(_first), FakeTransport.Entry(_first)).Answer(FakeTransport.Done());
        var seen = 0;
        Assert.Throws<OperationCanceledException>(() => Reader(kernel).Read(
            FlowFilter.All,
            (in Flow _) =>
            {
                seen++;
                source.Cancel();
                return true;
            },
            source.Token));
        Assert.Equal(2, seen);
        Assert.True(kernel.Disposed);
    }

    [Fact]
    public void A_kernel_that_refuses_a_filter_is_asked_without_it()
    {
        var refusing = new FakeTransport()
            .Answer(FakeTransport.Error(Errno.EOPNOTSUPP))
            .Answer(FakeTransport.Entry(new FlowCase { Id = 1, Mark = 7 }.Encode()), FakeTransport.Entry(_second), FakeTransport.Done());
        var ids = new List<uint>();
        Reader(refusing).Read(new FlowFilter { Mark = 7 }, (in Flow flow) =>
        {
            ids.Add(flow.Id);
            return true;
        });
        Assert.Equal([1u], ids);
        Assert.Equal(2, refusing.Sent.Count);
        Assert.True(refusing.Sent[1].Length < refusing.Sent[0].Length);
    }

    [Fact]
    public void Without_ctnetlink_proc_is_read()
    {
        using var tree = new TestTree.Temporary();
        tree.File("net/nf_conntrack", GoldenFlow.All[0].Proc + "\n" + GoldenFlow.All[1].Proc + "\n");
        var tables = new FlowTables(
            new CtnetlinkTable(() => throw new NetlinkException("open a netfilter netlink socket", Errno.EPROTONOSUPPORT)),
            new ConntrackOperator.Netfilter.Reading.ProcTable(tree.Root));
        var result = new FlowReader(tables, FlowSource.Automatic, null).Read(FlowFilter.All, (in Flow _) => true);
        Assert.Equal(new FlowReadResult(FlowSource.Proc, 2, true, false, 0), result);
        var error = Assert.Throws<NetlinkException>(
            () => new FlowReader(tables, FlowSource.Ctnetlink, null).Read(FlowFilter.All, (in Flow _) => true));
        Assert.Equal(Errno.EPROTONOSUPPORT, error.Errno);
    }

    [Fact]
    public void A_last_line_of_proc_without_its_end_is_not_trusted()
    {
        using var tree = new TestTree.Temporary();
        tree.File("net/nf_conntrack", GoldenFlow.All[0].Proc + "\n" + GoldenFlow.All[1].Proc[..^9]);
        var result = new FlowReader(FlowSource.Proc, tree.Root).Read(FlowFilter.All, (in Flow _) => true);
        Assert.Equal(new FlowReadResult(FlowSource.Proc, 1, false, false, 1), result);
    }

    private static (FlowReadResult Result, List<uint> Ids) Read(params FakeTransport[] kernels)
    {
        var ids = new List<uint>();
        var result = Reader(kernels).Read(FlowFilter.All, (in Flow flow) =>
        {
            ids.Add(flow.Id);
            return true;
        });
        return (result, ids);
    }

    private static FlowReader Reader(params FakeTransport[] kernels) =>
        new(new FlowTables(Table(kernels), new ConntrackOperator.Netfilter.Reading.ProcTable("/nonexistent")), FlowSource.Automatic, null);

    private static CtnetlinkTable Table(params FakeTransport[] kernels)
    {
        var next = 0;
        return new CtnetlinkTable(() => kernels[next++]);
    }

    private struct CountingVisitor : IFlowVisitor
    {
        internal int Seen;
        internal int Restarts;

        public bool Visit(scoped in Flow flow)
        {
            Seen++;
            return true;
        }

        public bool Restart()
        {
            Seen = 0;
            Restarts++;
            return true;
        }
    }
}
