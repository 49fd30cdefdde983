using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Filters;
using ConntrackOperator.Netfilter.Tests.Flows;
using ConntrackOperator.Netfilter.Tests.Netlink;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Deleting;

/// <summary>A whole deletion, over a table that the test made.</summary>
public sealed class FlowDeleterTests : IDisposable
{
    private const byte TimeWait = 7;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch + TimeSpan.FromDays(30));
    private readonly TestTree.Temporary _tree = new();
    private readonly PlayedKernel _kernel = new(
        KernelVersion.All.Single(v => v.Name == "6.12"),
        Enumerable.Range(0, 100)
            .Select(i => new FlowCase { Id = (uint)i, SourcePort = (ushort)(1000 + i), State = i % 4 == 0 ? TimeWait : (byte)3 }));

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void A_dry_run_counts_and_deletes_nothing()
    {
        var result = Deleter(_kernel.Open).Delete(new FlowMatch { States = ["TIME_WAIT"] }, dryRun: true);
        Assert.Equal((100L, 25L, 0L, true, true), (result.Examined, result.Matched, result.Deleted, result.DryRun, result.Complete));
        Assert.Equal((null, null), (result.DelayP99, result.DelayLongest));
        Assert.Equal((100, 0), (_kernel.Table.Count, _kernel.Flushes));
    }

    [Fact]
    public void What_matches_goes_one_by_one_and_the_result_says_how_soon()
    {
        var result = Deleter(_kernel.Open).Delete(new FlowMatch { States = ["TIME_WAIT"] }, dryRun: false);
        Assert.Equal((100L, 25L, 25L, false, false), (result.Examined, result.Matched, result.Deleted, result.DryRun, result.ByKernel));
        Assert.Equal((0L, 0L, 0L, 0L, null), (result.Failed, result.Gone, result.Kept, result.Offloaded, result.Error));
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), (result.DelayP99, result.DelayLongest));
        Assert.Equal(75, _kernel.Table.Count(e => e.State != TimeWait));
        Assert.Equal((75, 0, 0), (_kernel.Table.Count, _kernel.Flushes, _kernel.Bare));
    }

    [Fact]
    public void Without_a_match_nothing_is_said_about_delays()
    {
        var result = Deleter(_kernel.Open).Delete(new FlowMatch { States = ["CLOSE_WAIT"] }, dryRun: false);
        Assert.Equal((0L, null, null, 100), (result.Matched, result.DelayP99, result.DelayLongest, _kernel.Table.Count));
    }

    [Fact]
    public void Every_entry_is_deleted_by_its_own_name_and_never_by_a_request_that_names_none()
    {
        var result = Deleter(_kernel.Open).Delete(new FlowMatch(), dryRun: false);
        Assert.Equal((100L, false), (result.Deleted, result.ByKernel));
        Assert.Equal((0, 0, 0), (_kernel.Table.Count, _kernel.Flushes, _kernel.Bare));
    }

    [Fact]
    public void What_the_kernel_deletes_by_itself_is_told_once_at_the_end()
    {
        _tree.File("nf_conntrack_count", "100\n");
        List<DeleteProgress> told = [];
        var result = Deleter(_kernel.Open).Delete(new FlowMatch { Protocol = 6 }, dryRun: false, new Told(told));
        Assert.Equal(
            (true, false, 100L, 100L, 1), (result.ByKernel, result.DryRun, result.Matched, result.Deleted, _kernel.Flushes));
        Assert.Equal(new DeleteProgress(100, 100, 100, 100, TimeSpan.Zero), Assert.Single(told));
    }

    [Fact]
    public void A_reading_that_lost_messages_begins_again_and_nothing_is_counted_twice()
    {
        _tree.File("nf_conntrack_count", "100\n");
        List<DeleteProgress> told = [];
        var opened = 0;

        // The first socket is for deletions; the second one's dump breaks off after three datagrams of sixteen entries.
        var deleter = Deleter(() => ++opened == 2 ? new Losing(_kernel.Open(), after: 3) : _kernel.Open());
        var result = deleter.Delete(new FlowMatch { States = ["TIME_WAIT"] }, dryRun: false, new Told(told));
        Assert.Equal(3, opened);
        Assert.Equal((25L, 25L, 0L, true), (result.Matched, result.Deleted, result.Failed, result.Complete));
        Assert.Equal(100 - 12, result.Examined);
        Assert.DoesNotContain(_kernel.Table, e => e.State == TimeWait);
        Assert.Equal((88L, 25L, 25L, 100L), (told[^1].Examined, told[^1].Matched, told[^1].Deleted, told[^1].TableEntries));
    }

    [Fact]
    public void A_count_that_lost_messages_begins_at_nothing()
    {
        var opened = 0;
        var deleter = Deleter(() => ++opened == 1 ? new Losing(_kernel.Open(), after: 3) : _kernel.Open());
        var result = deleter.Delete(new FlowMatch { States = ["TIME_WAIT"] }, dryRun: true);
        Assert.Equal((100L, 25L, 2), (result.Examined, result.Matched, opened));
    }

    [Fact]
    public void What_was_left_before_a_reading_began_again_is_not_counted_twice()
    {
        var nameless = FakeTransport.Entry(WithoutId(new FlowCase { State = TimeWait }.Encode()));
        var result = Deleter(LosingOnce(nameless)).Delete(new FlowMatch { States = ["TIME_WAIT"] }, dryRun: false);
        Assert.Equal((1L, 0L, 1L), (result.Matched, result.Deleted, result.Failed));

        var maybeIdle = FakeTransport.Entry(new FlowCase { Timeout = 400_000 }.Encode());
        var idle = Deleter(LosingOnce(maybeIdle), Timeouts()).Delete(new FlowMatch { IdleFor = TimeSpan.FromHours(1) }, dryRun: false);
        Assert.Equal((0L, 0L, 1L), (idle.Matched, idle.Deleted, idle.MatchingIfHeld));

        // A socket for deletions, one whose dump loses messages after the entry, and one that gives the whole table.
        Func<INetlinkTransport> LosingOnce(byte[] entry) => new Queue<FakeTransport>(
        [
            new(), new FakeTransport().Answer(entry).Fail(Errno.ENOBUFS), new FakeTransport().Answer(entry, FakeTransport.Done()),
        ]).Dequeue;
    }

    [Fact]
    public void An_entry_that_the_kernel_gives_no_identity_for_is_left_and_told()
    {
        var opened = new List<FakeTransport>();
        var deleter = Deleter(() =>
        {
            opened.Add(
                new FakeTransport()
                    .Answer(FakeTransport.Entry(WithoutId(new FlowCase { State = TimeWait }.Encode())), FakeTransport.Done()));
            return opened[^1];
        });
        var result = deleter.Delete(new FlowMatch { States = ["TIME_WAIT"] }, dryRun: false);
        Assert.Equal((1L, 0L, 1L, "the kernel gave no identity for them"), (result.Matched, result.Deleted, result.Failed, result.Error));
        Assert.Empty(opened[0].Sent);
    }

    [Fact]
    public void What_came_in_the_last_datagram_is_deleted_too()
    {
        var sockets = new Queue<FakeTransport>(
            [new FakeTransport(),
            new FakeTransport().Answer(FakeTransport.Entry(new FlowCase { State = TimeWait }.Encode()), FakeTransport.Done())]);
        var deletions = sockets.Peek();
        var result = Deleter(sockets.Dequeue).Delete(new FlowMatch { States = ["TIME_WAIT"] }, dryRun: false);
        Assert.Equal((1L, 1L, 1), (result.Matched, result.Deleted, deletions.Sent.Count));
    }

    [Fact]
    public void A_table_that_changed_amid_the_reading_is_not_complete()
    {
        var deleter = Deleter(() => new FakeTransport()
            .Answer(FakeTransport.Entry(new FlowCase().Encode(), flags: Nl.NLM_F_MULTI | Nl.NLM_F_DUMP_INTR))
            .Answer(FakeTransport.Done()));
        Assert.False(deleter.Delete(new FlowMatch { States = ["TIME_WAIT"] }, dryRun: true).Complete);
    }

    [Fact]
    public void By_idle_time_nothing_goes_that_may_have_spoken_unless_a_person_says_that_the_time_outs_held()
    {
        _kernel.Table.Clear();
        _kernel.Table.Add(new FlowCase { Timeout = 400_000 });
        _kernel.Table.Add(new FlowCase { Timeout = 431_990, SourcePort = 2 });
        var match = new FlowMatch { IdleFor = TimeSpan.FromHours(1) };
        var careful = Deleter(_kernel.Open, Timeouts()).Delete(match, dryRun: false);
        Assert.Equal((0L, 0L, 1L, 2), (careful.Matched, careful.Deleted, careful.MatchingIfHeld, _kernel.Table.Count));

        var told = Deleter(_kernel.Open, Timeouts()).Delete(match with { TimeoutsHeld = true }, dryRun: false);
        Assert.Equal((1L, 1L, 2), (told.Matched, told.Deleted, (int)Assert.Single(_kernel.Table).SourcePort));
    }

    [Fact]
    public void Without_a_condition_on_idle_time_nothing_is_asked_about_time_outs()
    {
        var asked = 0;
        var timeouts = new TimeoutWatch(new SysctlDirectory(_tree.Root), _time, null, () =>
        {
            asked++;
            return new FakeTransport();
        });
        Assert.Equal(25, Deleter(_kernel.Open, timeouts).Delete(new FlowMatch { States = ["TIME_WAIT"] }, dryRun: false).Deleted);
        Assert.Equal((0, null), (asked, timeouts.WatchedFor));
    }

    [Fact]
    public void Progress_is_told_ten_times_a_second_at_most()
    {
        List<DeleteProgress> told = [];
        var run = new DeleteRun(new FlowPredicate(new FlowFilter(), null), null, new Told(told), _time, 10_000);
        Examine(run, 1023);
        _time.Advance(TimeSpan.FromMilliseconds(99));
        Examine(run, 1);
        Assert.Empty(told);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Examine(run, 1024);
        Assert.Equal(new DeleteProgress(2048, 2047, 0, 10_000, TimeSpan.FromMilliseconds(100)), Assert.Single(told));
        Examine(run, 1024);
        Assert.Single(told);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Examine(run, 1024);
        Assert.Equal((4096L, TimeSpan.FromMilliseconds(200)), (told[^1].Examined, told[^1].Elapsed));
    }

    private static void Examine(DeleteRun run, int entries)
    {
        var flow = FlowDecoder.Decode(new FlowCase().Encode(), FlowFields.All, out _);
        for (var i = 0; i < entries; i++)
        {
            run.Examine(flow);
        }
    }

    private FlowDeleter Deleter(Func<INetlinkTransport> open, TimeoutWatch? timeouts = null) =>
        new(open, new SysctlDirectory(_tree.Root), _time, timeouts);

    private TimeoutWatch Timeouts() => new(
        new SysctlDirectory(TestTree.Path("linux-6.18", "proc/sys/net/netfilter")), _time, null,
        () => Enumerable.Repeat(FakeTransport.Error(Errno.EINVAL), 3).Aggregate(new FakeTransport(), (t, e) => t.Answer(e)));

    private static byte[] WithoutId(byte[] payload)
    {
        var at = payload.AsSpan().IndexOf((ReadOnlySpan<byte>)[8, 0, (byte)Ctnetlink.CTA_ID, 0]);
        Assert.True(at > 0);
        return [.. payload[..at], .. payload[(at + 8)..]];
    }

    private sealed class Told(List<DeleteProgress> told) : IProgress<DeleteProgress>
    {
        public void Report(DeleteProgress value) => told.Add(value);
    }

    /// <summary>A socket that loses messages once.</summary>
    private sealed class Losing(INetlinkTransport inner, int after) : INetlinkTransport
    {
        private int _received;

        public uint PortId => inner.PortId;

        public void Send(ReadOnlySpan<byte> datagram) => inner.Send(datagram);

        public int Receive(Span<byte> buffer) =>
            _received++ == after ? throw new NetlinkException("receive a netlink answer", Errno.ENOBUFS) : inner.Receive(buffer);

        public int TryReceive(Span<byte> buffer) => inner.TryReceive(buffer);

        public void Dispose() => inner.Dispose();
    }
}
