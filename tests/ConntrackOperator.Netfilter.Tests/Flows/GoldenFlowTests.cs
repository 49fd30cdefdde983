using System.Buffers;
using System.Text;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Formatting;
using ConntrackOperator.Netfilter.Reading;

namespace ConntrackOperator.Netfilter.Tests.Flows;

public sealed class GoldenFlowTests
{
    [Fact]
    public void Every_protocol_with_a_tracker_is_among_them()
    {
        Assert.Equal(17, GoldenFlow.All.Count);
        var protocols = GoldenFlow.All.Select(g => FlowDecoder.Decode(g.Wire, FlowFields.All, out _).Protocol).Distinct().Order();
        Assert.Equal<byte>([1, 6, 17, 47, 58, 89, 132, 136], [.. protocols]);
    }

    [Theory]
    [MemberData(nameof(GoldenFlow.Indexes), MemberType = typeof(GoldenFlow))]
    public void What_the_kernel_sends_is_printed_as_the_conntrack_tool_prints_it(int index)
    {
        var golden = GoldenFlow.All[index];
        var flow = FlowDecoder.Decode(golden.Wire, FlowFields.All, out var decoded);
        Assert.True(decoded);
        Assert.Equal(golden.Line, Print(flow, FlowFormat.Tool));
    }

    [Theory]
    [MemberData(nameof(GoldenFlow.Indexes), MemberType = typeof(GoldenFlow))]
    public void What_the_tool_prints_is_read_back_as_what_the_kernel_sends(int index)
    {
        var golden = GoldenFlow.All[index];
        var flow = FlowLineParser.Parse(Encoding.UTF8.GetBytes(golden.Line), out var parsed);
        Assert.True(parsed);
        Assert.Equal(golden.Line, Print(flow, FlowFormat.Tool));
        AssertSame(FlowDecoder.Decode(golden.Wire, FlowFields.All, out _), flow);
    }

    [Theory]
    [MemberData(nameof(GoldenFlow.Indexes), MemberType = typeof(GoldenFlow))]
    public void Both_sources_give_the_same_entry(int index)
    {
        var golden = GoldenFlow.All[index];
        var flow = FlowLineParser.Parse(Encoding.UTF8.GetBytes(golden.Proc), out var parsed);
        Assert.True(parsed);
        AssertSame(FlowDecoder.Decode(golden.Wire, FlowFields.All, out _), flow);

        // /proc prints GRE's own time-outs, which ctnetlink does not send.
        Assert.Equal(golden.Proc.Replace("timeout=0, stream_timeout=0 ", "", StringComparison.Ordinal), Print(flow, FlowFormat.Proc));
    }

    [Theory]
    [MemberData(nameof(GoldenFlow.Indexes), MemberType = typeof(GoldenFlow))]
    public void A_message_cut_off_anywhere_is_refused_or_read_without_the_rest(int index)
    {
        var wire = GoldenFlow.All[index].Wire;
        var whole = FlowDecoder.Decode(wire, FlowFields.All, out _);
        for (var length = 0; length < wire.Length; length++)
        {
            // A copy, so that reading past the end is reading past the array.
            var flow = FlowDecoder.Decode(wire.AsSpan(0, length).ToArray(), FlowFields.All, out var decoded);
            if (decoded)
            {
                Assert.Equal(whole.Original.Source, flow.Original.Source);
                Assert.Equal(whole.Original.DestinationPort, flow.Original.DestinationPort);
                Assert.Equal(flow.Fields, flow.Fields & whole.Fields);
            }
        }
    }

    [Theory]
    [MemberData(nameof(GoldenFlow.Indexes), MemberType = typeof(GoldenFlow))]
    public void The_short_cut_reads_what_the_full_decoder_reads(int index)
    {
        // An attribute that nobody knows makes the tuple one that the short cut does not take.
        var wire = GoldenFlow.All[index].Wire;
        var tuple = FlowDecoder.Decode(wire, FlowFields.All, out _).OriginalWire.ToArray();
        byte[] longer =
        [
            .. wire[..4],
            .. Netlink.FakeTransport.Attribute(0x8001, [.. tuple, .. Netlink.FakeTransport.Attribute(99, [1, 2, 3, 4])]),
            .. wire[(4 + 4 + tuple.Length)..],
        ];
        FlowTuple shortCut = default;
        Assert.False(UsualTuple.TryRead(longer.AsSpan(8, tuple.Length + 8), ref shortCut));
        var flow = FlowDecoder.Decode(longer, FlowFields.All, out var decoded);
        Assert.True(decoded);
        AssertSame(flow, FlowDecoder.Decode(wire, FlowFields.All, out _));
        if (flow.Protocol is 6 or 17 or 132 or 136 && !flow.IsIPv6 && !flow.Has(FlowFields.OriginalZone))
        {
            Assert.True(UsualTuple.TryRead(tuple, ref shortCut));
            Assert.Equal(Tuple(flow.Original), Tuple(shortCut));
        }
    }

    [Fact]
    public void Only_what_is_wanted_is_given()
    {
        foreach (var golden in GoldenFlow.All)
        {
            var flow = FlowDecoder.Decode(golden.Wire, FlowFields.Status | FlowFields.Timeout, out var decoded);
            Assert.True(decoded);
            Assert.Equal(FlowFields.Status | FlowFields.Timeout, flow.Fields & ~FlowFields.OriginalZone);
            Assert.Equal(default, flow.Reply.Source);
        }
    }

    [Fact]
    public void What_the_tool_does_not_print_is_decoded_too()
    {
        var labelled = GoldenFlow.All.Single(g => g.Command.Contains("ct label set 100", StringComparison.Ordinal));
        var flow = FlowDecoder.Decode(labelled.Wire, FlowFields.All, out _);
        Assert.Equal(16, flow.Labels.Length);

        // nft puts the value into the 128 bits in network byte order of 32-bit words: bit 100 is bit 4 of word 3.
        Assert.True(flow.Labels.IndexOfAnyExcept((byte)0) >= 0);
        var nat = GoldenFlow.All.Single(g => g.Command.Contains("--dst-nat", StringComparison.Ordinal));
        flow = FlowDecoder.Decode(nat.Wire, FlowFields.All, out _);
        Assert.True(flow.IsDestinationTranslated);
        Assert.False(flow.IsSourceTranslated);
        Assert.Equal("10.9.9.9", flow.Reply.Source.ToString());
        Assert.Equal(8080, flow.Reply.SourcePort);
        Assert.True((flow.Status & FlowStatus.DestinationNat) != 0);
    }

    private static void AssertSame(scoped in Flow expected, scoped in Flow actual)
    {
        Assert.Equal(Tuple(expected.Original), Tuple(actual.Original));
        Assert.Equal(Tuple(expected.Reply), Tuple(actual.Reply));
        Assert.Equal(expected.TimeoutSeconds, actual.TimeoutSeconds);
        Assert.Equal(expected.StateName, actual.StateName);
        Assert.Equal((expected.IsAssured, expected.IsUnreplied), (actual.IsAssured, actual.IsUnreplied));
        Assert.Equal(
            (expected.Mark, expected.Zone, expected.OriginalZone, expected.ReplyZone),
            (actual.Mark, actual.Zone, actual.OriginalZone, actual.ReplyZone));
        Assert.Equal((expected.OriginalCounters, expected.ReplyCounters), (actual.OriginalCounters, actual.ReplyCounters));
    }

    private static object Tuple(in FlowTuple t) =>
        (t.Source, t.Destination, t.Protocol, (t.SourcePort, t.DestinationPort), (t.IcmpType, t.IcmpCode, t.IcmpId),
        (t.SourceKey, t.DestinationKey));

    private static string Print(scoped in Flow flow, FlowFormat format)
    {
        var output = new ArrayBufferWriter<byte>();
        new FlowFormatter(format, new FlowFormatOptions { Extended = true, Id = true }).WriteLine(flow, output);
        return Encoding.UTF8.GetString(output.WrittenSpan).TrimEnd('\n');
    }
}
