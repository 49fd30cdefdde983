using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Tests.Flows;
using ConntrackOperator.Netfilter.Tests.Netlink;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Deleting;

public sealed class DeleteBatchTests
{
    [Theory]
    [MemberData(nameof(GoldenFlow.Indexes), MemberType = typeof(GoldenFlow))]
    public void A_message_names_the_tuple_the_zone_and_the_identity(int index)
    {
        var golden = GoldenFlow.All[index];
        var kernel = new FakeTransport();
        using var batch = Batch(kernel);
        var flow = FlowDecoder.Decode(golden.Wire, FlowFields.All, out _);
        Assert.True(batch.Add(flow));
        batch.Flush();

        var messages = new MessageReader(Assert.Single(kernel.Sent));
        Assert.True(messages.Next());
        Assert.Equal((1 << 8) | Ctnetlink.IPCTNL_MSG_CT_DELETE, messages.Type);
        Assert.Equal(Nl.NLM_F_REQUEST, messages.Flags);
        Assert.Equal(golden.Wire[0], messages.Payload[0]);
        var sent = FlowDecoder.Decode(messages.Payload, FlowFields.All, out var decoded);
        Assert.True(decoded);
        Assert.True(flow.OriginalWire.SequenceEqual(sent.OriginalWire));
        Assert.Equal((flow.Id, flow.Zone, flow.Has(FlowFields.Zone)), (sent.Id, sent.Zone, sent.Has(FlowFields.Zone)));
        Assert.False(messages.Next());
        Assert.False(messages.Malformed);
    }

    [Fact]
    public void A_message_without_a_tuple_would_flush_the_table_and_is_never_written()
    {
        var kernel = new FakeTransport();
        using var batch = Batch(kernel);
        Flow nothing = default;
        nothing.Fields = FlowFields.All;
        Assert.False(batch.Add(nothing));
        var proc = FlowLineParser.Parse(System.Text.Encoding.ASCII.GetBytes(GoldenFlow.All[0].Line), out _);
        Assert.False(batch.Add(proc));
        batch.Flush();
        Assert.Empty(kernel.Sent);
    }

    [Fact]
    public void Every_message_of_many_batches_has_a_tuple_and_an_identity()
    {
        var kernel = new FakeTransport();
        using var batch = Batch(kernel);
        for (var i = 0; i < 5000; i++)
        {
            batch.Add(FlowDecoder.Decode(new FlowCase
            {
                Source = i % 2 == 0 ? "10.0.0.1" : "2001:db8::1",
                Destination = i % 2 == 0 ? "10.0.0.2" : "::2",
                Id = (uint)i,
            }.Encode(), FlowFields.All, out _));
        }

        batch.Flush();
        var next = 0u;
        foreach (var datagram in kernel.Sent)
        {
            Assert.True(datagram.Length <= 64 * 1024);
            var messages = new MessageReader(datagram);
            while (messages.Next())
            {
                var flow = FlowDecoder.Decode(messages.Payload, FlowFields.All, out var decoded);
                Assert.True(decoded && flow.Has(FlowFields.Id));
                Assert.Equal(next++, flow.Id);
            }

            Assert.False(messages.Malformed);
        }

        Assert.Equal(5000u, next);
        Assert.Equal(5000, batch.Deleted);
    }

    [Fact]
    public void Refusals_are_told_apart_and_lost_answers_do_not_hang()
    {
        var kernel = new FakeTransport()
            .Answer(FakeTransport.Error(Errno.ENOENT), FakeTransport.Error(Errno.EBUSY, words: "in use"))
            .Fail(Errno.ENOBUFS)
            .Answer(FakeTransport.Error(Errno.EBUSY, words: "still"));
        using var batch = Batch(kernel);
        for (var i = 0; i < 10; i++)
        {
            batch.Add(FlowDecoder.Decode(new FlowCase().Encode(), FlowFields.All, out _));
        }

        batch.Flush();
        Assert.Equal((7L, 1L, 2L, "in use"), (batch.Deleted, batch.Refusals.Gone, batch.Refusals.Failed, batch.Refusals.Error));
    }

    [Fact]
    public void What_was_read_too_long_ago_is_asked_for_again_and_goes_only_if_it_is_the_same_and_still_matches()
    {
        var time = new FakeTimeProvider();
        var kernel = new FakeTransport()
            .Answer(
                Answer(0, new FlowCase { Id = 0, Start = 5 }),
                Answer(1, new FlowCase { Id = 100, Start = 5 }),
                Answer(2, new FlowCase { Id = 2, Start = 6 }),
                Answer(3, new FlowCase { Id = 3, Start = 5, State = 3 }))
            .Answer(FakeTransport.Error(Errno.ENOENT, sequence: 4), Answer(5, new FlowCase { Id = 5, Start = 5 }));
        using var batch = Batch(kernel, new FlowMatch { States = ["TIME_WAIT"] }, time);
        batch.Begin(time.GetTimestamp());
        for (var i = 0u; i < 6; i++)
        {
            batch.Add(FlowDecoder.Decode(
                new FlowCase { Id = i, Start = 5, SourcePort = (ushort)(1000 + i), State = 7 }.Encode(), FlowFields.All, out _));
        }

        time.Advance(DeleteBatch.MaxAge);
        batch.Flush();

        // Asked for all six; the first and the last are as they were, so these two go. The third began later: another connection.
        Assert.Equal([.. Enumerable.Repeat(Get, 6)], Operations(kernel.Sent[0]));
        Assert.Equal([Delete, Delete], Operations(kernel.Sent[1]));
        Assert.Equal([0u, 5u], Ids(kernel.Sent[1]));
        Assert.Equal(
            (2, 2L, 1L, 3L, 0L, 6L),
            (kernel.Sent.Count, batch.Deleted, batch.Kept, batch.Refusals.Gone, batch.Refusals.Failed, batch.AskedAgain));
        Assert.Equal((2L, TimeSpan.Zero), (batch.Delays.Count, batch.Delays.Longest));

        byte[] Answer(uint sequence, FlowCase flow) =>
            FakeTransport.Entry(
                (flow with { SourcePort = (ushort)(1000 + sequence), State = flow.State == 3 && sequence != 3 ? (byte)7 : flow.State })
                    .Encode(),
                sequence, flags: 0);
    }

    [Fact]
    public void A_slow_machine_asks_for_fewer_and_fewer_at_once_until_it_is_in_time()
    {
        var time = new FakeTimeProvider();
        var kernel = new AnsweringTransport(time, perMessage: TimeSpan.FromMilliseconds(0.7));
        using var batch = Batch(kernel, null, time);
        batch.Begin(time.GetTimestamp());
        for (var i = 0u; i < 100; i++)
        {
            batch.Add(FlowDecoder.Decode(new FlowCase { Id = i, SourcePort = (ushort)(1000 + i) }.Encode(), FlowFields.All, out _));
        }

        time.Advance(DeleteBatch.MaxAge);
        batch.Flush();
        Assert.Equal((100L, 0L, 0L, 0L), (batch.Deleted, batch.Kept, batch.Refusals.Gone, batch.Refusals.Failed));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (uint)i), kernel.Deleted.Order());

        // Two questions take 1.4 ms, which leaves the two deletions 2.8 ms after the first question: the measure says so.
        Assert.Equal(TimeSpan.FromMilliseconds(2.8), batch.Delays.Longest);
    }

    [Fact]
    public void A_machine_that_is_never_in_time_deletes_nothing_and_says_so()
    {
        var time = new FakeTimeProvider();
        var kernel = new AnsweringTransport(time, perMessage: TimeSpan.FromMilliseconds(5));
        using var batch = Batch(kernel, null, time);
        batch.Begin(time.GetTimestamp());
        for (var i = 0u; i < 100; i++)
        {
            batch.Add(FlowDecoder.Decode(new FlowCase { Id = i, SourcePort = (ushort)(1000 + i) }.Encode(), FlowFields.All, out _));
        }

        time.Advance(DeleteBatch.MaxAge);
        batch.Flush();
        Assert.Equal((0L, 100L), (batch.Deleted, batch.Refusals.Failed));
        Assert.Contains("too busy", batch.Refusals.Error, StringComparison.Ordinal);
        Assert.Empty(kernel.Deleted);
    }

    [Fact]
    public void The_age_of_a_datagram_counts_from_the_call_before_the_one_that_gave_it()
    {
        var time = new FakeTimeProvider();
        var deletes = new AnsweringTransport(time, TimeSpan.Zero);
        using var batch = Batch(deletes, null, time);
        var dump = new FakeTransport()
            .Answer(FakeTransport.Entry(new FlowCase { Id = 1 }.Encode())).Answer(FakeTransport.Entry(new FlowCase { Id = 2 }.Encode()));
        using var clock = new DumpClock(dump, batch, time);
        var buffer = new byte[4096];

        // Whatever time has passed before the dump is asked for.
        time.Advance(TimeSpan.FromSeconds(1));
        clock.Send([]);
        clock.Receive(buffer);
        batch.Add(FlowDecoder.Decode(new FlowCase { Id = 1 }.Encode(), FlowFields.All, out _));
        time.Advance(TimeSpan.FromMilliseconds(1));
        clock.Receive(buffer);
        Assert.Equal((1L, 0L, TimeSpan.FromMilliseconds(1)), (batch.Deleted, batch.AskedAgain, batch.Delays.Longest));

        // The kernel wrote the second datagram while the first was taken, 1 ms ago; handling it takes another.
        batch.Add(FlowDecoder.Decode(new FlowCase { Id = 2 }.Encode(), FlowFields.All, out _));
        time.Advance(TimeSpan.FromMilliseconds(1));
        batch.Flush();
        Assert.Equal((2L, 1L), (batch.Deleted, batch.AskedAgain));
    }

    [Fact]
    public void The_age_of_a_datagram_does_not_count_from_the_call_before_that()
    {
        var time = new FakeTimeProvider();
        using var batch = Batch(new AnsweringTransport(time, TimeSpan.Zero), null, time);
        var dump = new FakeTransport();
        for (var id = 1u; id <= 3; id++)
        {
            dump.Answer(FakeTransport.Entry(new FlowCase { Id = id }.Encode()));
        }

        using var clock = new DumpClock(dump, batch, time);
        var buffer = new byte[4096];
        clock.Send([]);
        clock.Receive(buffer);
        time.Advance(TimeSpan.FromSeconds(1));
        clock.Receive(buffer);
        clock.Receive(buffer);
        batch.Add(FlowDecoder.Decode(new FlowCase { Id = 3 }.Encode(), FlowFields.All, out _));
        batch.Flush();
        Assert.Equal((1L, 0L, TimeSpan.Zero), (batch.Deleted, batch.AskedAgain, batch.Delays.Longest));
    }

    [Fact]
    public void What_was_judged_by_something_that_holds_no_more_is_asked_for_again_until_it_was_judged_by_what_holds()
    {
        // It changed between the reading and the deletion, and again between the question and the deletion.
        var time = new FakeTimeProvider();
        var kernel = new AnsweringTransport(time, TimeSpan.Zero);
        var holds = new Queue<bool>([false, false, true]);
        using var batch = Batch(kernel, null, time, holds.Dequeue);
        batch.Add(FlowDecoder.Decode(new FlowCase { Id = 7, SourcePort = 1007 }.Encode(), FlowFields.All, out _));
        batch.Flush();
        Assert.Equal([Get, Get, Delete], kernel.Operations);
        Assert.Equal((1L, 2L, 0), (batch.Deleted, batch.AskedAgain, holds.Count));
    }

    [Fact]
    public void While_what_it_is_judged_by_never_holds_nothing_is_deleted_and_it_says_so()
    {
        var time = new FakeTimeProvider();
        var kernel = new AnsweringTransport(time, TimeSpan.Zero);
        using var batch = Batch(kernel, null, time, () => false);
        batch.Add(FlowDecoder.Decode(new FlowCase { Id = 7, SourcePort = 1007 }.Encode(), FlowFields.All, out _));
        batch.Flush();
        Assert.DoesNotContain(Delete, kernel.Operations);
        Assert.Equal((0L, 1L), (batch.Deleted, batch.Refusals.Failed));
        Assert.Contains("what was known of them", batch.Refusals.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Not_being_allowed_ends_it()
    {
        using var batch = Batch(new FakeTransport().Answer(FakeTransport.Error(Errno.EPERM)));
        batch.Add(FlowDecoder.Decode(new FlowCase().Encode(), FlowFields.All, out _));
        Assert.Equal(Errno.EPERM, Assert.Throws<NetlinkException>(batch.Flush).Errno);
    }

    private const int Get = (1 << 8) | Ctnetlink.IPCTNL_MSG_CT_GET;
    private const int Delete = (1 << 8) | Ctnetlink.IPCTNL_MSG_CT_DELETE;

    private static DeleteBatch Batch(
        INetlinkTransport kernel, FlowMatch? match = null, TimeProvider? time = null, Func<bool>? holds = null)
    {
        var clock = time ?? new FakeTimeProvider();
        var batch = new DeleteBatch(kernel, new FlowPredicate(new FlowFilter { Match = match }, null), FlowFields.All, clock, holds);
        batch.Begin(clock.GetTimestamp());
        return batch;
    }

    private static List<int> Operations(byte[] datagram)
    {
        List<int> operations = [];
        var messages = new MessageReader(datagram);
        while (messages.Next())
        {
            operations.Add(messages.Type);
        }

        return operations;
    }

    private static List<uint> Ids(byte[] datagram)
    {
        List<uint> ids = [];
        var messages = new MessageReader(datagram);
        while (messages.Next())
        {
            ids.Add(FlowDecoder.Decode(messages.Payload, FlowFields.All, out _).Id);
        }

        return ids;
    }

    /// <summary>A kernel in which every entry is as it was, and each message takes its time.</summary>
    private sealed class AnsweringTransport(FakeTimeProvider time, TimeSpan perMessage) : INetlinkTransport
    {
        private readonly Queue<byte[]> _answers = new();

        public uint PortId => FakeTransport.Port;

        internal List<uint> Deleted { get; } = [];

        internal List<int> Operations { get; } = [];

        public void Send(ReadOnlySpan<byte> datagram)
        {
            var messages = new MessageReader(datagram);
            while (messages.Next())
            {
                time.Advance(perMessage);
                Operations.Add(messages.Type);
                var id = FlowDecoder.Decode(messages.Payload, FlowFields.All, out _).Id;
                if (messages.Type == DeleteBatchTests.Delete)
                {
                    Deleted.Add(id);
                }
                else
                {
                    _answers.Enqueue(FakeTransport.Entry(
                        new FlowCase { Id = id, SourcePort = (ushort)(1000 + id) }.Encode(), messages.Sequence, flags: 0));
                }
            }
        }

        public int Receive(Span<byte> buffer) => TryReceive(buffer);

        public int TryReceive(Span<byte> buffer)
        {
            if (!_answers.TryDequeue(out var answer))
            {
                return 0;
            }

            answer.CopyTo(buffer);
            return answer.Length;
        }

        public void Dispose()
        {
        }
    }
}
