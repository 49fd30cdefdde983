using System.Buffers;
using System.Text;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Formatting;
using ConntrackOperator.Netfilter.Reading;

namespace ConntrackOperator.Netfilter.Tests.Reading;

public sealed class FlowLineParserTests
{
    public static TheoryData<string> Lines =>
        [.. File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "TestData", "lines.txt")).Where(l => l[0] != '#')];

    [Theory]
    [MemberData(nameof(Lines))]
    public void Lines_of_old_and_new_kernels_come_out_as_they_went_in(string line)
    {
        var flow = FlowLineParser.Parse(Encoding.UTF8.GetBytes(line), out var parsed);
        Assert.True(parsed);
        var proc = line.StartsWith("ipv", StringComparison.Ordinal) && !line.Contains("secmark", StringComparison.Ordinal);
        var output = new ArrayBufferWriter<byte>();
        new FlowFormatter(
            proc ? FlowFormat.Proc : FlowFormat.Tool, new FlowFormatOptions { Extended = line.StartsWith("ipv", StringComparison.Ordinal) })
            .WriteLine(flow, output);

        // secmark is a number that nothing since Linux 2.6.37 prints.
        Assert.Equal(line.Replace(" secmark=0", "", StringComparison.Ordinal) + "\n", Encoding.UTF8.GetString(output.WrittenSpan));
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void What_comes_before_the_reply_is_the_same_when_only_that_is_wanted(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line);
        var whole = FlowLineParser.Parse(bytes, out _);
        var brief = FlowLineParser.Parse(bytes, out var parsed, FlowFields.Status | FlowFields.State | FlowFields.Timeout);
        Assert.True(parsed);
        Assert.Equal((whole.Status, whole.State, whole.TimeoutSeconds), (brief.Status, brief.State, brief.TimeoutSeconds));
        Assert.Equal((whole.Original.Source, whole.Original.Destination), (brief.Original.Source, brief.Original.Destination));
        Assert.Equal(
            (whole.Original.SourcePort, whole.Original.DestinationPort, whole.Protocol),
            (brief.Original.SourcePort, brief.Original.DestinationPort, brief.Protocol));
        Assert.Equal(default, brief.Reply.Source);
    }

    [Fact]
    public void Every_part_of_a_line_is_read()
    {
        var flow = Parse(
            "ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.2 dst=10.0.0.1 sport=51000 dport=22 packets=1201 bytes=99123 "
                + "src=10.0.0.1 dst=10.0.0.9 sport=22 dport=51001 packets=902 bytes=18446744073709551615 [ASSURED] mark=4294967295 "
                + "zone-orig=7 delta-time=5 use=2");
        Assert.Equal("ESTABLISHED", flow.StateName);
        Assert.Equal(431999u, flow.TimeoutSeconds);
        Assert.Equal(("10.0.0.2", "10.0.0.1"), (flow.Original.Source.ToString(), flow.Original.Destination.ToString()));
        Assert.Equal((51000, 22), (flow.Original.SourcePort, flow.Original.DestinationPort));
        Assert.Equal(("10.0.0.1", "10.0.0.9"), (flow.Reply.Source.ToString(), flow.Reply.Destination.ToString()));
        Assert.Equal(new FlowCounters(1201, 99123), flow.OriginalCounters);
        Assert.Equal(new FlowCounters(902, ulong.MaxValue), flow.ReplyCounters);
        Assert.True(flow.IsAssured);
        Assert.False(flow.IsUnreplied);
        Assert.Equal((uint.MaxValue, 7, 5ul, 2u), (flow.Mark, flow.OriginalZone, flow.AgeSeconds, flow.Use));
        Assert.True(flow.IsSourceTranslated);
        Assert.False(flow.IsDestinationTranslated);
    }

    [Fact]
    public void The_id_of_a_ping_is_not_the_id_of_its_entry()
    {
        var flow = Parse(
            "icmp     1 29 src=10.0.0.1 dst=10.0.1.1 type=8 code=3 id=1723 src=10.0.1.1 dst=10.0.0.1 type=0 code=0 id=1724 mark=0 use=1 "
                + "id=4000000000");
        Assert.Equal((8, 3, 1723), (flow.Original.IcmpType, flow.Original.IcmpCode, flow.Original.IcmpId));
        Assert.Equal((0, 0, 1724), (flow.Reply.IcmpType, flow.Reply.IcmpCode, flow.Reply.IcmpId));
        Assert.Equal(4_000_000_000, flow.Id);
    }

    [Fact]
    public void Times_with_spaces_are_passed_over()
    {
        var flow = Parse(
            "udp      17 59 src=10.0.0.1 dst=192.0.2.1 sport=1024 dport=53 [UNREPLIED] src=192.0.2.1 dst=10.0.0.1 sport=53 dport=1024 "
                + "mark=3 delta-time=0 [start=Sun Nov 22 18:08:17 2026] use=1 id=919733699");
        Assert.Equal((3u, 1u, 919733699u), (flow.Mark, flow.Use, flow.Id));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("ipv4")]
    [InlineData("ipv4     2 tcp      6 431999 ESTABLISHED")]
    [InlineData("ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.2")]
    [InlineData("ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.2 dst=10.0.0.1 sport=51000 dport=22 src=10.0.0.1")]
    [InlineData("ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.2 dst=10.0.0 sport=51000")]
    [InlineData("ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.2 dst=10.0.0.1 sport=65536")]
    [InlineData("ipv4     2 tcp      256 431999 ESTABLISHED src=10.0.0.2 dst=10.0.0.1")]
    [InlineData("ipv4     x tcp      6 431999 ESTABLISHED src=10.0.0.2 dst=10.0.0.1")]
    [InlineData("udp      17 9 src=10.0.0.2 dst=10.0.0.1 packets=18446744073709551616")]
    [InlineData("conntrack v1.4.7 (conntrack-tools): 11 flow entries have been shown.")]
    public void What_is_no_such_line_is_refused(string line)
    {
        FlowLineParser.Parse(Encoding.UTF8.GetBytes(line), out var parsed);
        Assert.False(parsed);
    }

    [Fact]
    public void Words_that_later_kernels_may_bring_are_passed_over()
    {
        var flow = Parse(
            "ipv4     2 tcp      6 9 DREAMING src=10.0.0.2 dst=10.0.0.1 sport=1 dport=2 colour=blue src=10.0.0.1 dst=10.0.0.2 sport=2 "
                + "dport=1 [SHINY] mark=4 use=1");
        Assert.Equal((4u, FlowFields.None), (flow.Mark, flow.Fields & FlowFields.State));
    }

    private static Flow Parse(string line)
    {
        var flow = FlowLineParser.Parse(Encoding.UTF8.GetBytes(line), out var parsed);
        Assert.True(parsed);
        return flow;
    }
}
