using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Tests.Flows;
using ConntrackOperator.Netfilter.Tests.Netlink;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Deleting;

/// <summary>What a deletion makes of the kernel's answers, and of those that are lost.</summary>
public sealed class DeleteAnswerTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(FlowStatus.Offload, 1, 0)]
    [InlineData(FlowStatus.HardwareOffload | FlowStatus.Offload, 1, 0)]
    [InlineData(FlowStatus.None, 0, 1)]
    public void Busy_means_offloaded_only_for_an_entry_that_was(FlowStatus status, int offloaded, int failed)
    {
        var entry = new FlowCase { Status = FlowStatus.Confirmed | status };
        using var deleting = Batch(new FakeTransport().Answer(FakeTransport.Error(Errno.EBUSY, sequence: 0)), entry);
        deleting.Flush();
        Assert.Equal(
            (0L, offloaded, failed, 0L),
            (deleting.Deleted, (int)deleting.Refusals.Offloaded, (int)deleting.Refusals.Failed, deleting.Refusals.Gone));

        // The same when it is asked for again first.
        using var asking = Batch(new FakeTransport().Answer(FakeTransport.Error(Errno.EBUSY, sequence: 0)), entry);
        _time.Advance(DeleteBatch.MaxAge);
        asking.Flush();
        Assert.Equal(
            (0L, offloaded, failed, 1L), (asking.Deleted, (int)asking.Refusals.Offloaded, (int)asking.Refusals.Failed, asking.AskedAgain));
    }

    [Fact]
    public void An_answer_about_another_entry_is_not_taken_for_one_about_an_offloaded_one()
    {
        using var batch = Batch(
            new FakeTransport().Answer(FakeTransport.Error(Errno.EBUSY, sequence: 1), FakeTransport.Error(Errno.EBUSY, sequence: 2)),
            new FlowCase { Status = FlowStatus.Confirmed | FlowStatus.Offload },
            new FlowCase { Status = FlowStatus.Confirmed });
        batch.Flush();
        Assert.Equal((0L, 2L), (batch.Refusals.Offloaded, batch.Refusals.Failed));
    }

    [Fact]
    public void An_acknowledgement_is_no_refusal()
    {
        using var batch = Batch(new FakeTransport().Answer(FakeTransport.Error(0, sequence: 0)), new FlowCase());
        batch.Flush();
        Assert.Equal((1L, 0L, null), (batch.Deleted, batch.Refusals.Failed, batch.Refusals.Error));
    }

    [Theory]
    [InlineData(1500, 0)]
    [InlineData(1600, 1)]
    public void What_can_still_be_deleted_in_time_is_not_asked_for_again(int microseconds, int asked)
    {
        var kernel = new FakeTransport();
        using var batch = Batch(kernel, new FlowCase());
        _time.Advance(TimeSpan.FromMicroseconds(microseconds));
        if (asked > 0)
        {
            kernel.Answer(FakeTransport.Error(Errno.ENOENT, sequence: 0));
        }

        batch.Flush();
        Assert.Equal((asked, 1 - asked), ((int)batch.AskedAgain, (int)batch.Deleted));
    }

    [Theory]
    [InlineData(0, 6)]
    [InlineData(6, 0)]
    [InlineData(6, 6)]
    public void Without_two_different_starts_the_same_id_is_the_same_entry(ulong before, ulong after)
    {
        var kernel = new FakeTransport().Answer(FakeTransport.Entry(new FlowCase { Start = after }.Encode(), sequence: 0, flags: 0));
        using var batch = Batch(kernel, new FlowCase { Start = before });
        _time.Advance(DeleteBatch.MaxAge);
        batch.Flush();
        Assert.Equal((1L, 0L), (batch.Deleted, batch.Refusals.Gone));
    }

    [Fact]
    public void A_second_answer_and_one_to_no_question_are_passed_over()
    {
        var gone = FakeTransport.Error(Errno.ENOENT, sequence: 0);
        using var batch = Batch(
            new FakeTransport()
                .Answer(gone, gone, FakeTransport.Error(Errno.ENOENT, sequence: 1), FakeTransport.Error(Errno.EINVAL, sequence: 2)),
                    new FlowCase());
        _time.Advance(DeleteBatch.MaxAge);
        batch.Flush();
        Assert.Equal((0L, 1L, 0L), (batch.Deleted, batch.Refusals.Gone, batch.Refusals.Failed));
    }

    [Fact]
    public void Answers_that_are_lost_now_and_then_are_asked_for_as_often_as_it_takes()
    {
        var kernel = new ForgetfulKernel(question => question % 2 == 0);
        using var batch = Batch(kernel, [.. Entries(100)]);
        _time.Advance(DeleteBatch.MaxAge);
        batch.Flush();
        Assert.Equal((100L, 0L, 0L), (batch.Deleted, batch.Refusals.Failed, batch.Kept));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (uint)i), kernel.Deleted.Order());
    }

    [Fact]
    public void Of_a_question_that_is_half_answered_the_other_half_is_asked_again()
    {
        var kernel = new ForgetfulKernel(_ => false) { AnswersOfEach = 0.5 };
        using var batch = Batch(kernel, [.. Entries(40)]);
        _time.Advance(DeleteBatch.MaxAge);
        batch.Flush();
        Assert.Equal((40L, 0L), (batch.Deleted, batch.Refusals.Failed));
        Assert.Equal(Enumerable.Range(0, 40).Select(i => (uint)i), kernel.Deleted.Order());
    }

    [Fact]
    public void Those_that_are_gone_do_not_take_the_place_of_those_that_were_not_answered_for()
    {
        var kernel = new ForgetfulKernel(_ => false) { Gone = [1, 3, 5], SilentOnce = [0, 4] };
        using var batch = Batch(kernel, [.. Entries(6)]);
        _time.Advance(DeleteBatch.MaxAge);
        batch.Flush();
        Assert.Equal((3L, 3L, 0L, 8L), (batch.Deleted, batch.Refusals.Gone, batch.Refusals.Failed, batch.AskedAgain));
        Assert.Equal([0u, 2u, 4u], kernel.Deleted.Order());
    }

    [Fact]
    public void A_kernel_that_answers_nothing_is_not_asked_for_ever()
    {
        var kernel = new ForgetfulKernel(_ => true);
        using var batch = Batch(kernel, [.. Entries(100)]);
        _time.Advance(DeleteBatch.MaxAge);
        batch.Flush();
        Assert.Equal((0L, 100L), (batch.Deleted, batch.Refusals.Failed));
        Assert.Empty(kernel.Deleted);
        Assert.InRange(kernel.Questions, 2, 16);
    }

    [Fact]
    public void No_send_holds_more_than_the_kernel_works_through_in_a_moment()
    {
        var kernel = new ForgetfulKernel(_ => false);
        using var batch = Batch(kernel, [.. Entries(200)]);
        batch.Flush();
        Assert.Equal(200, kernel.Deleted.Count);
        Assert.InRange(kernel.MostAtOnce, 2, 32);
    }

    [Fact]
    public void A_flush_with_nothing_queued_sends_nothing_and_what_was_flushed_is_not_sent_twice()
    {
        var kernel = new FakeTransport();
        using (var batch = Batch(kernel, new FlowCase()))
        {
            batch.Flush();
            batch.Flush();
            Assert.Single(kernel.Sent);
            Assert.False(kernel.Disposed);
        }

        Assert.True(kernel.Disposed);
    }

    [Fact]
    public void An_entry_without_an_identity_is_not_named()
    {
        using var batch = Batch(new FakeTransport());
        Assert.False(batch.Add(FlowDecoder.Decode(new FlowCase().Encode(), FlowFields.All & ~FlowFields.Id, out _)));
    }

    private static IEnumerable<FlowCase> Entries(int count) =>
        Enumerable.Range(0, count).Select(i => new FlowCase { Id = (uint)i, SourcePort = (ushort)(1000 + i) });

    private DeleteBatch Batch(INetlinkTransport kernel, params FlowCase[] entries)
    {
        var batch = new DeleteBatch(kernel, new FlowPredicate(new FlowFilter(), null), FlowFields.All, _time);
        batch.Begin(_time.GetTimestamp());
        foreach (var entry in entries)
        {
            Assert.True(batch.Add(FlowDecoder.Decode(entry.Encode(), FlowFields.All, out _)));
        }

        return batch;
    }

    /// <summary>A kernel in which every entry is as it was, and which loses answers.</summary>
    private sealed class ForgetfulKernel(Func<int, bool> losesAnswersTo) : INetlinkTransport
    {
        private readonly Queue<byte[]?> _answers = new();

        public uint PortId => FakeTransport.Port;

        internal double AnswersOfEach { get; init; } = 1;

        internal HashSet<uint> Gone { get; init; } = [];

        internal HashSet<uint> SilentOnce { get; init; } = [];

        internal int Questions { get; private set; }

        internal int MostAtOnce { get; private set; }

        internal List<uint> Deleted { get; } = [];

        public void Send(ReadOnlySpan<byte> datagram)
        {
            var messages = new MessageReader(datagram);
            List<byte[]> answers = [];
            var count = 0;
            while (messages.Next())
            {
                count++;
                var id = FlowDecoder.Decode(messages.Payload, FlowFields.All, out _).Id;
                if (messages.Type == ((Ctnetlink.NFNL_SUBSYS_CTNETLINK << 8) | Ctnetlink.IPCTNL_MSG_CT_DELETE))
                {
                    Deleted.Add(id);
                }
                else if (Gone.Contains(id))
                {
                    answers.Add(FakeTransport.Error(Errno.ENOENT, messages.Sequence));
                }
                else if (!SilentOnce.Remove(id))
                {
                    answers.Add(
                        FakeTransport.Entry(
                            new FlowCase { Id = id, SourcePort = (ushort)(1000 + id) }.Encode(), messages.Sequence, flags: 0));
                }
            }

            MostAtOnce = Math.Max(MostAtOnce, count);
            if (answers.Count == 0)
            {
                return;
            }

            if (losesAnswersTo(Questions++))
            {
                _answers.Enqueue(null);
                return;
            }

            foreach (var answer in answers.Take((int)Math.Ceiling(answers.Count * AnswersOfEach)))
            {
                _answers.Enqueue(answer);
            }
        }

        public int Receive(Span<byte> buffer) => TryReceive(buffer);

        public int TryReceive(Span<byte> buffer)
        {
            if (!_answers.TryDequeue(out var answer))
            {
                return 0;
            }

            if (answer is null)
            {
                throw new NetlinkException("receive a netlink answer", Errno.ENOBUFS);
            }

            answer.CopyTo(buffer);
            return answer.Length;
        }

        public void Dispose()
        {
        }
    }
}
