using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Tests.Netlink;

namespace ConntrackOperator.Netfilter.Tests.Flows;

/// <summary>
/// What an entry's state and TCP flags are told by (ctnetlink_dump_protoinfo): an idle time, and so what a flush deletes, goes by them.
/// </summary>
public sealed class StateDecodingTests
{
    private static readonly byte[] _tuple = new FlowCase { Protocol = 17 }.Encode();

    [Fact]
    public void The_flags_of_both_directions_are_known_with_the_state()
    {
        var flow = Decode(Nest(Ctnetlink.CTA_PROTOINFO_TCP, State(3), Flags(4, 0x12), Flags(5, 0x23)), out var decoded);
        Assert.True(decoded);
        Assert.Equal((3, 0x12, 0x23), (flow.State, flow.TcpFlagsOriginal, flow.TcpFlagsReply));
        Assert.True(flow.Has(FlowFields.State) && flow.Has(FlowFields.TcpFlags));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void The_flags_of_one_direction_alone_are_not_the_flags(int direction)
    {
        var flow = Decode(Nest(Ctnetlink.CTA_PROTOINFO_TCP, State(3), Flags(direction, 0x12)), out var decoded);
        Assert.True(decoded);
        Assert.Equal((true, false), (flow.Has(FlowFields.State), flow.Has(FlowFields.TcpFlags)));
    }

    [Theory]
    [InlineData(Ctnetlink.CTA_PROTOINFO_SCTP)]
    [InlineData(Ctnetlink.CTA_PROTOINFO_DCCP)]
    public void SCTP_and_DCCP_have_a_state_and_no_flags(int protocol)
    {
        var flow = Decode(Nest(protocol, State(4), Flags(4, 0x12), Flags(5, 0x23)), out var decoded);
        Assert.True(decoded);
        Assert.Equal((4, true, false), (flow.State, flow.Has(FlowFields.State), flow.Has(FlowFields.TcpFlags)));
        Assert.Equal((0, 0), (flow.TcpFlagsOriginal, flow.TcpFlagsReply));
    }

    [Fact]
    public void A_protocol_that_is_not_known_is_passed_over()
    {
        var flow = Decode(Nest(9, State(4), Flags(4, 0x12), Flags(5, 0x23)), out var decoded);
        Assert.True(decoded);
        Assert.Equal((0, false, false), (flow.State, flow.Has(FlowFields.State), flow.Has(FlowFields.TcpFlags)));
    }

    [Fact]
    public void Where_one_part_is_cut_off_the_entry_is_not_decoded()
    {
        byte[] cut = [9, 0, 1, 0, 3];
        Decode(Nest(Ctnetlink.CTA_PROTOINFO_TCP, cut), out var details);
        Decode(FakeTransport.Attribute(Ctnetlink.CTA_PROTOINFO_TCP, []).Concat(cut).ToArray(), out var parts);
        Decode(Nest(Ctnetlink.CTA_PROTOINFO_TCP, FakeTransport.Attribute(Ctnetlink.CTA_PROTOINFO_TCP_STATE, [])), out var empty);
        Assert.Equal((false, false, false), (details, parts, empty));

        FlowDecoder.Decode([.. _tuple, .. FakeTransport.Attribute(Ctnetlink.CTA_COUNTERS_ORIG, cut)], FlowFields.All, out var counters);
        FlowDecoder.Decode([.. _tuple, .. FakeTransport.Attribute(Ctnetlink.CTA_TIMESTAMP, cut)], FlowFields.All, out var timestamps);
        FlowDecoder.Decode([.. _tuple, .. FakeTransport.Attribute(Ctnetlink.CTA_HELP, cut)], FlowFields.All, out var helper);
        Assert.Equal((false, false, false), (counters, timestamps, helper));
    }

    [Fact]
    public void A_number_that_is_shorter_than_it_should_be_fails_its_reader_and_ends_it()
    {
        byte[] attributes = [.. FakeTransport.Attribute(1, [1]), .. FakeTransport.Attribute(2, [0, 0, 0, 0, 0, 0, 0, 7])];
        var whole = new AttributeReader(attributes);
        Assert.True(whole.Next());
        Assert.Equal((1, 1, false), (whole.Type, whole.Byte(), whole.Failed));
        Assert.True(whole.Next());
        Assert.Equal((2, 7ul, false), (whole.Type, whole.BigEndian64(), whole.Failed));
        Assert.False(whole.Next());

        var two = new AttributeReader(attributes);
        two.Next();
        Assert.Equal(0, two.BigEndian16());
        Assert.Equal((true, false), (two.Failed, two.Next()));
        var four = new AttributeReader(attributes);
        four.Next();
        Assert.Equal(0u, four.BigEndian32());
        Assert.Equal((true, false), (four.Failed, four.Next()));
        var eight = new AttributeReader(attributes);
        eight.Next();
        Assert.Equal(0ul, eight.BigEndian64());
        Assert.Equal((true, false), (eight.Failed, eight.Next()));
        var none = new AttributeReader(FakeTransport.Attribute(1, []));
        none.Next();
        Assert.Equal(0, none.Byte());
        Assert.True(none.Failed);
    }

    [Theory]
    [InlineData(new byte[] { 3, 0, 1, 0 })]
    [InlineData(new byte[] { 9, 0, 1, 0, 1, 2, 3, 4 })]
    [InlineData(new byte[] { 8, 0, 1 })]
    public void Lengths_that_can_not_be_end_a_reader_as_failed(byte[] attributes)
    {
        var reader = new AttributeReader(attributes);
        Assert.False(reader.Next());
        Assert.True(reader.Failed);
    }

    [Fact]
    public void States_have_the_names_that_the_kernel_and_the_conntrack_tool_have()
    {
        Assert.Equal("LISTEN", FlowStates.TryParse(6, "LISTEN"u8, out var listen) && listen == FlowStates.TcpSynSent2 ? "LISTEN" : "");
        Assert.False(FlowStates.TryParse(132, "LISTEN"u8, out var none));
        Assert.Equal(0, none);
        Assert.Equal("STREAM", FlowStates.Name(47, 0, FlowStatus.SeenReply));
        Assert.Equal("STREAM", FlowStates.Name(47, 0, FlowStatus.Assured));
        Assert.Equal("UNREPLIED", FlowStates.Name(47, 0, FlowStatus.Confirmed));
        Assert.Equal("STREAM", FlowStates.Name(136, 0, FlowStatus.Assured | FlowStatus.SeenReply));
    }

    private static Flow Decode(byte[] protocolInfo, out bool decoded)
    {
        byte[] entry = [.. _tuple, .. FakeTransport.Attribute(Ctnetlink.CTA_PROTOINFO | Nl.NLA_F_NESTED, protocolInfo)];
        return FlowDecoder.Decode(entry, FlowFields.All, out decoded);
    }

    private static byte[] Nest(int type, params byte[][] parts) =>
        FakeTransport.Attribute(type | Nl.NLA_F_NESTED, [.. parts.SelectMany(part => part)]);

    private static byte[] State(byte state) => FakeTransport.Attribute(Ctnetlink.CTA_PROTOINFO_TCP_STATE, [state]);

    private static byte[] Flags(int direction, byte flags) => FakeTransport.Attribute(direction, [flags, 0xFF]);
}
