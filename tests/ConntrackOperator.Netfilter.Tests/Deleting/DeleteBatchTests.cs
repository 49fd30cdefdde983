using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Tests.Flows;
using ConntrackOperator.Netfilter.Tests.Netlink;

namespace ConntrackOperator.Netfilter.Tests.Deleting;

public sealed class DeleteBatchTests
{
    [Theory]
    [MemberData(nameof(GoldenFlow.Indexes), MemberType = typeof(GoldenFlow))]
    public void A_message_names_the_tuple_the_zone_and_the_identity(int index)
    {
        var golden = GoldenFlow.All[index];
        var kernel = new FakeTransport();
        using var batch = new DeleteBatch(kernel);
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
        using var batch = new DeleteBatch(kernel);
        Flow nothing = default;
        nothing.Fields = FlowFields.All;
        Assert.False(batch.Add(nothing));
        var proc = ConntrackOperator.Netfilter.Proc.FlowLineParser.Parse(System.Text.Encoding.ASCII.GetBytes(GoldenFlow.All[0].Line), out _);
        Assert.False(batch.Add(proc));
        batch.Flush();
        Assert.Empty(kernel.Sent);
    }

    [Fact]
    public void Every_message_of_many_batches_has_a_tuple_and_an_identity()
    {
        var kernel = new FakeTransport();
        using var batch = new DeleteBatch(kernel);
        for (var i = 0; i < 5000; i++)
        {
            batch.Add(FlowDecoder.Decode(new FlowCase { Source = i % 2 == 0 ? "10.0.0.1" : "2001:db8::1", Destination = i % 2 == 0 ? "10.0.0.2" : "::2", Id = (uint)i }.Encode(), FlowFields.All, out _));
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
        using var batch = new DeleteBatch(kernel);
        for (var i = 0; i < 10; i++)
        {
            batch.Add(FlowDecoder.Decode(new FlowCase().Encode(), FlowFields.All, out _));
        }

        batch.Flush();
        Assert.Equal((7L, 1L, 2L, "in use"), (batch.Deleted, batch.Gone, batch.Failed, batch.Error));
    }

    [Fact]
    public void Not_being_allowed_ends_it()
    {
        using var batch = new DeleteBatch(new FakeTransport().Answer(FakeTransport.Error(Errno.EPERM)));
        batch.Add(FlowDecoder.Decode(new FlowCase().Encode(), FlowFields.All, out _));
        Assert.Equal(Errno.EPERM, Assert.Throws<NetlinkException>(batch.Flush).Errno);
    }
}
