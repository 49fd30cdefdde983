using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Advice;

/// <summary>Where one cause ends and another begins, and who is meant of several.</summary>
public class BoundaryTests
{
    private static readonly Load _inUse = new(TrafficClass.Established, 1000) { Destination = "10.0.9.9", Port = 443, Idle = (90, 30) };

    private static Finding Only(params Load[] loads) => Assert.Single(Adviser.Advise(Tables.Of([_inUse, .. loads])).Findings);

    private static Load From(TrafficClass kind, long entries, int hosts, int ports) =>
        new(kind, entries) { Sources = ["10.0.7.7"], Hosts = hosts, Ports = ports, New = 100 };

    [Theory]
    [InlineData(39, 39, Cause.SynFloodUnanswered, null)]
    [InlineData(40, 1, Cause.Scan, "looks through 40 hosts:")]
    [InlineData(1, 40, Cause.Scan, "looks through 40 ports of one host:")]
    [InlineData(2, 40, Cause.Scan, "looks through 40 ports of 2 hosts:")]
    [InlineData(40, 39, Cause.Scan, "looks through 40 hosts:")]
    [InlineData(249, 250, Cause.Scan, "looks through 250 or more ports of 249 hosts:")]
    public void Forty_places_make_a_scan(int hosts, int ports, Cause cause, string? text)
    {
        var finding = Only(From(TrafficClass.SynSent, 18_000, hosts, ports));
        Assert.Equal(cause, finding.Cause);
        Assert.Contains(text ?? "to many hosts and ports", finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_what_a_scanner_does_the_widest_is_told() => Assert.Contains(
        "10.0.7.7 looks through 90 ports of 120 hosts:",
        Only(From(TrafficClass.SynSent, 9_000, 3, 90), From(TrafficClass.UdpUnreplied, 9_000, 120, 60)).Text, StringComparison.Ordinal);

    [Fact]
    public void Whoever_sends_most_to_one_place_floods_that_one()
    {
        // Two thirds to one port, the rest all over; another source goes to one place as well, and is none of this one's.
        var one = From(TrafficClass.SynSent, 9_000, 90, 90) with { Destination = "10.0.5.3", Port = 443 };
        var rest = From(TrafficClass.SynSent, 4_500, 90, 90) with { Destination = "10.0.5.4", Port = 1 };
        Assert.Equal(Cause.SynFloodUnanswered, Only(one, rest).Cause);
        var other = new Load(TrafficClass.SynSent, 3_000) { Sources = ["10.0.7.8"], Destination = "10.0.5.3", Port = 443, New = 100 };
        Assert.Equal(
            [Cause.Scan, Cause.SynFloodUnanswered],
            Adviser.Advise(Tables.Of(_inUse, From(TrafficClass.SynSent, 15_000, 90, 90), other)).Findings.Select(f => f.Cause));
    }

    [Fact]
    public void A_table_with_room_or_a_small_share_is_no_reason_to_name_a_scanner()
    {
        Assert.Empty(Adviser.Advise(Tables.Of(From(TrafficClass.SynSent, 9_000, 90, 90))).Findings);
        Assert.DoesNotContain(
            Adviser.Advise(Tables.Of(new Load(TrafficClass.Established, 16_500), From(TrafficClass.SynSent, 2_000, 90, 90))).Findings,
            finding => finding.Cause == Cause.Scan);
    }

    [Theory]
    [InlineData(TrafficClass.SynReceived, "SYN_RECV")]
    [InlineData(TrafficClass.Closing, "CLOSE")]
    [InlineData(TrafficClass.SynSent, "SYN_SENT")]
    public void A_scan_by_TCP_is_dropped_by_its_SYNs_and_looked_for_among_sockets_that_open(TrafficClass kind, string state)
    {
        var finding = Assert.Single(Adviser.Advise(
            Tables.Of(_inUse, From(kind, 18_000, 90, 1)) with { LocalAddresses = new HashSet<string> { "10.0.7.7" } }).Findings);
        Assert.Equal("ss -anp state syn-sent", finding.ForGood[0].Run);
        Assert.Contains("ip saddr 10.0.7.7 tcp flags & (fin | syn | rst | ack) == syn drop", finding.Now[0].Run, StringComparison.Ordinal);
        Assert.EndsWith($"--protocol tcp --state {state} --source 10.0.7.7 --yes", finding.Now[1].Run, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tcp")]
    [InlineData("udp")]
    [InlineData("udplite")]
    [InlineData("icmp")]
    [InlineData("icmpv6")]
    public void A_flood_whose_protocol_nobody_says_is_of_the_one_that_there_is_most_of_beside_those_with_causes_of_their_own(string beside)
    {
        var facts = Tables.Of(_inUse, new Load(TrafficClass.OtherUnreplied, 18_000) { Sources = ["10.0.7.7"], New = 20 });
        StateFacts State(string protocol, long entries) => new() { Protocol = protocol, State = string.Empty, Entries = entries };
        var finding = Assert.Single(Adviser.Advise(facts with
        {
            Traffic = [.. facts.Traffic.Select(group => group with { Protocol = string.Empty })],
            States = [State(beside, 90_000), State("gre", 500), State("50", 17_500)],
        }).Findings);
        Assert.EndsWith("flush --protocol 50 --unreplied --source 10.0.7.7 --yes", finding.Now[^1].Run, StringComparison.Ordinal);
    }

    [Fact]
    public void CLOSE_WAIT_is_laid_to_the_place_and_the_client_that_have_most_of_it()
    {
        Load To(string source, string place, long entries) =>
            new(TrafficClass.CloseWait, entries) { Sources = [source], Destination = place, Port = 8443, Idle = (90, 60), New = 10 };
        var finding = Only(To("10.0.1.2", "10.0.5.7", 12_000), To("10.0.1.3", "10.0.5.8", 6_000));
        Assert.Equal(["10.0.1.2", "10.0.5.7"], finding.Who.Select(who => who.Address));
        Assert.Contains("--source 10.0.1.2 --destination 10.0.5.7 --dport 8443 ", finding.Now[0].Run, StringComparison.Ordinal);

        var spread = Only(To("10.0.1.2", "10.0.5.7", 8_000), To("10.0.1.3", "10.0.5.7", 8_000), To("10.0.1.4", "10.0.5.8", 2_000));
        Assert.Equal(["10.0.5.7"], spread.Who.Select(who => who.Address));
        Assert.Contains(
            "--state CLOSE_WAIT --destination 10.0.5.7 --dport 8443 --idle-for 1m ", spread.Now[0].Run, StringComparison.Ordinal);
        Assert.Equal(new Bounds(14_400, 14_400), spread.Frees);
    }

    [Fact]
    public void A_client_that_is_served_is_not_cut_off_for_its_SYNs_and_is_for_other_packets_only_where_it_is_not_served()
    {
        var served = new Load(TrafficClass.Established, 300)
        {
            Sources = ["10.0.7.7"],
            Destination = "10.0.5.2",
            Port = 80,
            Idle = (10, 5),
        };
        foreach (var kind in new[] { TrafficClass.SynSent, TrafficClass.SynReceived })
        {
            var syns = Only(
                new Load(kind, 18_000) { Sources = ["10.0.7.7"], Destination = "10.0.5.2", Port = 80, New = 4000 }, served);
            Assert.Contains("== syn drop", syns.Now[0].Run, StringComparison.Ordinal);
            Assert.Contains("those that are open go on", Assert.Single(syns.MayBreak), StringComparison.Ordinal);
        }

        var udp = new Load(TrafficClass.UdpUnreplied, 18_000)
        {
            Sources = ["10.0.7.7", "10.0.7.8"],
            Destination = "10.0.5.4",
            Port = 27015,
            New = 6000,
        };
        var elsewhere = new Load(TrafficClass.UdpReplied, 200) { Sources = ["10.0.7.8"], Destination = "10.0.5.4", Port = 27016 };
        Assert.Contains(" drop", Only(udp, elsewhere).Now[0].Run, StringComparison.Ordinal);
        Assert.DoesNotContain(
            " drop", string.Join('\n', Only(udp, elsewhere with { Port = 27015 }).Now.Select(step => step.Run)), StringComparison.Ordinal);
    }

    [Fact]
    public void Where_one_of_two_senders_is_this_machine_it_is_dropped_where_that_sends() => Assert.Contains(
        "hook output",
        Assert.Single(Adviser.Advise(
            Tables.Of(
                _inUse,
                new Load(TrafficClass.SynSent, 18_000)
                {
                    Sources = ["10.0.7.7", "10.0.7.8"],
                    Destination = "10.0.5.2",
                    Port = 80,
                    New = 4000,
                }) with
            { LocalAddresses = new HashSet<string> { "10.0.7.8" } }).Findings).Now[0].Run, StringComparison.Ordinal);
}
