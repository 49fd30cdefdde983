using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Tests.Flows;
using ConntrackOperator.Netfilter.Tests.Netlink;

namespace ConntrackOperator.Netfilter.Tests.Filters;

/// <summary>A kernel that does not do, or not say, what was expected of it when it is asked to delete by a filter.</summary>
public sealed class RefusedFlushTests
{
    private static readonly FlowMatch _tcp = new() { Protocol = 6 };

    private readonly PlayedKernel _kernel = new(
        KernelVersion.All.Single(v => v.Name == "6.12"),
        [new FlowCase(), new FlowCase { Source = "2001:db8::1", Destination = "2001:db8::2" }, new FlowCase { Protocol = 17 }]);

    [Fact]
    public void Where_the_first_flush_is_refused_nothing_was_done_and_the_entries_go_one_by_one()
    {
        Assert.Null(Run(() => new Refusing(_kernel.Open(), Errno.EPERM, deletes: true, after: 0)));
        Assert.Equal((3, 0), (_kernel.Table.Count, _kernel.Flushes));
    }

    [Fact]
    public void Where_no_socket_is_to_be_had_for_the_first_flush_nothing_was_done_and_the_entries_go_one_by_one()
    {
        // Two versions of IP are looked at before.
        var opened = 0;
        Assert.Null(Run(() => ++opened <= 2 ? _kernel.Open() : throw new NetlinkException("open a netlink socket", 24)));
        Assert.Equal((3, 0, 3), (_kernel.Table.Count, _kernel.Flushes, opened));
    }

    [Fact]
    public void Where_a_later_one_is_refused_what_is_gone_is_told_with_the_reason()
    {
        var deletions = 0;
        var outcome = Run(() => new Refusing(_kernel.Open(), Errno.EPERM, deletes: true, after: 1, () => deletions++))!.Value;
        Assert.Equal((2L, 1L, false, 1, 2), (outcome.Matched, outcome.Deleted, outcome.Approximate, _kernel.Flushes, _kernel.Table.Count));
        Assert.Contains(Errno.Describe(Errno.EPERM), outcome.Stopped, StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_that_makes_no_sense_is_told_and_the_tables_own_count_says_what_is_gone()
    {
        foreach (var answer in new byte[][] { [], FakeTransport.Error(0, sequence: 77), FakeTransport.Done() })
        {
            var outcome = Run(() => new Refusing(_kernel.Open(), 0, deletes: true, after: 0) { Answer = answer })!.Value;
            Assert.Equal((0L, true), (outcome.Deleted, outcome.Approximate));
            Assert.Contains(Errno.Describe(Errno.EBADMSG), outcome.Stopped, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Where_the_kernel_does_not_dump_by_the_filter_it_is_not_asked_to_delete_by_it()
    {
        Assert.Null(Run(() => new Refusing(_kernel.Open(), Errno.EOPNOTSUPP, deletes: false, after: 0)));
        Assert.Equal((3, 0), (_kernel.Table.Count, _kernel.Flushes));
    }

    [Fact]
    public void Once_entries_are_deleted_neither_a_socket_that_can_not_be_opened_nor_a_cancellation_loses_their_number()
    {
        foreach (var cancels in new[] { false, true })
        {
            using var cancel = new CancellationTokenSource();
            var kernel = new PlayedKernel(
                KernelVersion.All.Single(v => v.Name == "5.10 with the flush alone"),
                [new FlowCase(), new FlowCase { SourcePort = 1, Status = FlowStatus.Confirmed | FlowStatus.Offload }]);
            kernel.BeforeFlush = cancel.Cancel;
            var outcome = Run(
                () => kernel.Flushes == 0 || cancels ? kernel.Open() : throw new NetlinkException("open a netlink socket", 24), kernel,
                cancel.Token)!.Value;

            // Without the last look nobody knows whether the offloaded one is still there, but for the count of the table.
            Assert.Equal(new FlushOutcome(2, 2, 1, cancels ? 1 : 0, !cancels, null), outcome);
        }
    }

    [Theory]
    [InlineData("6.12", 0, 3)]
    [InlineData("5.10 with the flush alone", 1, 2)]
    public void What_is_offloaded_after_the_flush_is_not_what_the_kernel_kept(string version, long kept, long deleted)
    {
        var kernel = new PlayedKernel(
            KernelVersion.All.Single(v => v.Name == version),
            [
                new FlowCase { Id = 1 }, new FlowCase { Id = 2, SourcePort = 1 },
                new FlowCase { Id = 3, SourcePort = 2, Status = FlowStatus.Confirmed | FlowStatus.Offload },
            ]);
        kernel.AfterFlush = () => kernel.Table.AddRange(Enumerable.Range(10, 5).Select(
            i => new FlowCase { Id = (uint)i, SourcePort = (ushort)i, Status = FlowStatus.Confirmed | FlowStatus.Offload }));
        var outcome = Run(kernel.Open, kernel, CancellationToken.None)!.Value;
        Assert.Equal(new FlushOutcome(3, 3, deleted, kept, false, null), outcome);
    }

    [Fact]
    public void No_clear_answer_to_what_it_can_is_none()
    {
        foreach (var filter in new[] { KernelFilters.Flush, KernelFilters.Status, KernelFilters.Zone })
        {
            Assert.Null(FilterProbe.Ask(() => new FakeTransport(), filter));
            Assert.Null(FilterProbe.Ask(() => new FakeTransport().Answer(FakeTransport.Error(Errno.EPERM)), filter));
        }

        // An answer to another request, and one that is no message.
        Assert.Null(
            FilterProbe.Ask(() => new FakeTransport().Answer(FakeTransport.Error(Errno.EINVAL, sequence: 2)), KernelFilters.Status));
        Assert.Null(FilterProbe.Ask(() => new FakeTransport().Answer(), KernelFilters.Status));
        Assert.Null(FilterProbe.Ask(_kernel.Open, KernelFilters.None));
    }

    [Theory]
    [InlineData(Errno.EINVAL, true)]
    [InlineData(Errno.EOPNOTSUPP, true)]
    [InlineData(Errno.ENOENT, false)]
    [InlineData(Errno.ENOMEM, null)]
    public void A_refusal_says_that_the_kernel_reads_the_filter_and_trouble_says_nothing(int errno, bool? has) =>
        Assert.Equal(has, FilterProbe.Ask(() => new FakeTransport().Answer(FakeTransport.Error(errno)), KernelFilters.Status));

    [Fact]
    public void A_kernel_that_answers_a_wrong_filter_with_entries_or_with_their_end_does_not_read_it()
    {
        Assert.False(FilterProbe.Ask(() => new FakeTransport().Answer(FakeTransport.Done()), KernelFilters.Status));
        Assert.False(FilterProbe.Ask(
            () => new FakeTransport().Answer(FakeTransport.Entry(new FlowCase().Encode())), KernelFilters.Status));
    }

    [Fact]
    public void Not_even_an_entry_that_has_the_impossible_tuple_is_lost_to_a_kernel_that_looks_tuples_up()
    {
        foreach (var version in KernelVersion.All.Where(v => !v.FlushesByFilter))
        {
            var nowhere = new FlowCase { Source = "0.0.0.0", Destination = "0.0.0.0", SourcePort = 0, DestinationPort = 0 };
            var kernel = new PlayedKernel(version, [nowhere]);
            Assert.False(FilterProbe.Ask(kernel.Open, KernelFilters.Flush));
            var request = new byte[FlushRequest.MaxBytes];
            using var transport = kernel.Open();
            transport.Send(request.AsSpan(0, FlushRequest.Write(request, KernelFilter.Of(new FlowFilter { Match = _tcp })[0], 1)));
            Assert.Equal((version.Name, 1), (version.Name, kernel.Table.Count));
        }
    }

    [Fact]
    public void A_filter_by_mark_is_trusted_to_no_kernel()
    {
        var filters = KernelFilter.Of(new FlowFilter { Mark = 5 });
        Assert.False(new FilterSupport().Covers(_kernel.Open, filters));
        Assert.True(new FilterSupport().Covers(_kernel.Open, KernelFilter.Of(new FlowFilter { Match = _tcp })));
    }

    [Fact]
    public void An_idle_time_without_an_upper_bound_has_none()
    {
        Assert.Null(IdleTime.Unknown.Most);
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)), (new IdleTime(1, 2).Least, new IdleTime(1, 2).Most));
        Assert.Equal(
            (true, true, false), (new IdleTime(1, IdleTime.NoBound).IsKnown, new IdleTime(0, 5).IsKnown, IdleTime.Unknown.IsKnown));
    }

    private FlushOutcome? Run(Func<INetlinkTransport> open) => Run(open, _kernel, CancellationToken.None);

    private static FlushOutcome? Run(Func<INetlinkTransport> open, PlayedKernel kernel, CancellationToken cancellation)
    {
        var filter = new FlowFilter { Match = _tcp };
        return new FilteredFlush(open, new FlowPredicate(filter, null), FlowFields.All, () => kernel.Table.Count)
            .TryRun(KernelFilter.Of(filter), cancellation);
    }

    /// <summary>A socket whose kernel refuses deletions, or everything else, after so many.</summary>
    private sealed class Refusing(
        INetlinkTransport inner, int errno, bool deletes, int after, Func<int>? earlier = null) : INetlinkTransport
    {
        private bool _refused;

        public uint PortId => inner.PortId;

        internal byte[]? Answer { get; init; }

        public void Send(ReadOnlySpan<byte> datagram)
        {
            var isDeletion = (BitConverter.ToUInt16(datagram[4..]) & 0xFF) == Ctnetlink.IPCTNL_MSG_CT_DELETE;
            _refused = isDeletion == deletes && (earlier?.Invoke() ?? 0) >= after;
            if (!_refused)
            {
                inner.Send(datagram);
            }
        }

        public int Receive(Span<byte> buffer)
        {
            if (!_refused)
            {
                return inner.Receive(buffer);
            }

            var answer = Answer ?? FakeTransport.Error(errno);
            answer.CopyTo(buffer);
            return answer.Length;
        }

        public int TryReceive(Span<byte> buffer) => Receive(buffer);

        public void Dispose() => inner.Dispose();
    }
}
