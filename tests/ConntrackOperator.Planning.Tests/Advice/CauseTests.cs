using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Advice;

/// <summary>What is told apart: each situation with what must be said of it, and nothing else.</summary>
public class CauseTests
{
    private static readonly string[] _client = ["10.0.1.2"];

    // Connections in use: one in ten has sent something in the last five seconds.
    private static readonly Load _inUse = new(TrafficClass.Established, 1000) { Destination = "10.0.9.9", Port = 443, Idle = (90, 30) };

    private static readonly Dictionary<string, (TableFacts Facts, Cause[] Causes)> _cases = new()
    {
        ["a young leak"] = (
            Tables.Of(
                _inUse,
                new Load(TrafficClass.Established, 18_900)
                {
                    Sources = _client,
                    Destination = "10.0.5.1",
                    Port = 5432,
                    New = 800,
                    Idle = (79, 60),
                    SpeakingPercent = 0.1,
                }), [Cause.LeakingClient]),
        ["a leak whose connections are known to have sent nothing"] = (
            Tables.Of(
                _inUse,
                new Load(TrafficClass.Established, 18_000)
                {
                    Sources = _client,
                    Destination = "10.0.5.1",
                    Port = 5432,
                    SilentPercent = 99,
                }), [Cause.LeakingClient]),
        ["a leak of days"] = (
            Tables.Of(
                _inUse,
                new Load(TrafficClass.Established, 17_000)
                {
                    Sources = _client,
                    Destination = "10.0.5.1",
                    Port = 5432,
                    Idle = (95, 90_000),
                }), [Cause.LeakingClient]),
        ["connections of many pods to a database that was rebooted"] = (
            Tables.Of(_inUse, new Load(TrafficClass.Established, 17_000) { Destination = "10.0.5.1", Port = 5432, Idle = (95, 90_000) }),
            [Cause.IdleConnections]),
        ["one busy client's pool"] = (
            Tables.Of(
                new Load(TrafficClass.Established, 18_900)
                {
                    Sources = _client,
                    Destination = "10.0.5.1",
                    Port = 5432,
                    Idle = (80, 20),
                    SpeakingPercent = 3,
                }), [Cause.TableTooSmall]),
        ["one client whose connections are known to be used"] = (
            Tables.Of(
                new Load(TrafficClass.Established, 18_900)
                {
                    Sources = _client,
                    Destination = "10.0.5.1",
                    Port = 5432,
                    SilentPercent = 3,
                    Idle = (100, 600),
                }), [Cause.TableTooSmall]),
        ["a SYN flood that is answered"] = (
            Tables.Of(
                _inUse, new Load(TrafficClass.SynReceived, 18_000) { Sources = _client, Destination = "10.0.5.2", Port = 80, New = 4000 }),
            [Cause.SynFloodAnswered]),
        ["a SYN flood to a silent port"] = (
            Tables.Of(
                _inUse, new Load(TrafficClass.SynSent, 18_000) { Sources = _client, Destination = "10.0.5.3", Port = 443, New = 3000 }),
            [Cause.SynFloodUnanswered]),
        ["a spoofed UDP flood"] = (
            Tables.Of(_inUse, new Load(TrafficClass.UdpUnreplied, 18_000) { Destination = "10.0.5.4", Port = 27015, New = 6000 }),
            [Cause.UdpFlood]),
        ["a DNS storm, answered"] = (
            Tables.Of(
                _inUse,
                new Load(TrafficClass.UdpReplied, 18_000)
                {
                    Sources = _client,
                    Destination = "10.96.0.10",
                    Port = 53,
                    New = 3000,
                    Translated = true,
                }), [Cause.DnsStorm]),
        ["a DNS storm that became streams"] = (
            Tables.Of(
                _inUse, new Load(TrafficClass.UdpStream, 3_600) { Destination = "10.96.0.10", Port = 53 },
                new Load(TrafficClass.UdpUnreplied, 9_000) { Destination = "10.96.0.10", Port = 53 }), [Cause.DnsStorm]),
        ["short connections"] = (
            Tables.Of(
                _inUse,
                new Load(TrafficClass.TimeWait, 18_500)
                {
                    Sources = _client,
                    Destination = "10.0.5.5",
                    Port = 80,
                    New = 1500,
                    Idle = (60, 60),
                }), [Cause.ShortConnections]),
        ["VXLAN"] = (
            Tables.Of(
                _inUse,
                new Load(TrafficClass.UdpUnreplied, 18_500)
                {
                    Sources = ["10.0.0.2", "10.0.0.3"],
                    Destination = "10.0.0.1",
                    Port = 4789,
                    New = 2000,
                }), [Cause.OneWayTunnel]),
        ["Geneve with answers"] = (
            Tables.Of(_inUse, new Load(TrafficClass.UdpStream, 18_500) { Sources = ["10.0.0.2"], Destination = "10.0.0.1", Port = 6081 }),
            [Cause.OneWayTunnel]),
        ["answers that take another way"] = (
            Tables.Of(
                _inUse,
                new Load(TrafficClass.SynSent, 18_000) { Sources = _client, Destination = "10.0.5.6", Port = 8080, New = 1500 }) with
            {
                Rates = new RateFacts { Invalid = 1500 * 60, LostForWant = 10 },
            },
            [Cause.AsymmetricRouting]),
        ["two SYN floods, one that is answered and one that is not, whose evicted entries leave INVALID answers"] = (
            Tables.Of(
                _inUse, new Load(TrafficClass.SynReceived, 9_200) { Sources = _client, Destination = "10.0.5.2", Port = 80, New = 1400 },
                new Load(TrafficClass.SynSent, 9_000)
                {
                    Sources = ["10.82.60.205"],
                    Destination = "10.0.5.3",
                    Port = 4579,
                    New = 1400,
                }) with
            {
                Rates = new RateFacts { Invalid = 1400 * 60, LostForWant = 10 },
            },
            [Cause.SynFloodAnswered, Cause.SynFloodUnanswered]),
        ["a SYN flood that is answered, and answers that take another way"] = (
            Tables.Of(
                _inUse, new Load(TrafficClass.SynReceived, 9_200) { Sources = _client, Destination = "10.0.5.2", Port = 80, New = 1400 },
                new Load(TrafficClass.SynSent, 9_000)
                {
                    Sources = ["10.82.60.205"],
                    Destination = "10.0.5.6",
                    Port = 8080,
                    New = 1400,
                }) with
            {
                Rates = new RateFacts { Invalid = 2800 * 60, LostForWant = 10 },
            },
            [Cause.SynFloodAnswered, Cause.AsymmetricRouting]),
        ["only answers pass"] = (
            Tables.Of(_inUse, new Load(TrafficClass.OneWay, 18_000) { Sources = ["10.0.5.6"], Destination = null, New = 1000 }) with
            {
                Rates = new RateFacts { Invalid = 1000 * 60 },
            },
            [Cause.AsymmetricRouting]),
        ["bare acknowledgements from everywhere"] = (
            Tables.Of(_inUse, new Load(TrafficClass.OneWay, 18_000) { Destination = "10.0.5.6", Port = 80, New = 4000 }),
            [Cause.OtherFlood]),
        ["CLOSE_WAIT"] = (
            Tables.Of(
                _inUse,
                new Load(TrafficClass.CloseWait, 18_000) { Sources = _client, Destination = "10.0.5.7", Port = 8443, Idle = (90, 10) }),
            [Cause.CloseWait]),
        ["a scan over ports"] = (
            Tables.Of(_inUse, new Load(TrafficClass.SynSent, 18_000) { Sources = _client, Ports = 250, Hosts = 120, New = 3000 }),
            [Cause.Scan]),
        ["a scan that is refused"] = (
            Tables.Of(_inUse, new Load(TrafficClass.Closing, 18_000) { Sources = _client, Ports = 250, New = 3000 }), [Cause.Scan]),
        ["an ICMP flood"] = (
            Tables.Of(_inUse, new Load(TrafficClass.Icmp, 18_000) { Sources = _client, Destination = "10.0.5.8", New = 3000 }),
            [Cause.IcmpFlood]),
        ["many clients in use"] = (
            Tables.Of(new Load(TrafficClass.Established, 18_500) { Destination = "10.0.9.9", Port = 443, Idle = (80, 20) }),
            [Cause.TableTooSmall]),
        ["QUIC"] = (
            Tables.Of(new Load(TrafficClass.UdpStream, 18_500) { Destination = "10.0.9.9", Port = 443, Idle = (50, 10) }),
            [Cause.TableTooSmall]),
        ["connections of a day ago to many places"] = (
            Tables.Of(_inUse, new Load(TrafficClass.Established, 17_500) { Idle = (100, 80_000) }), [Cause.IdleConnections]),
        ["keepalive connections idle for under two hours"] = (
            Tables.Of(new Load(TrafficClass.Established, 18_500) { Idle = (100, 7000) }), [Cause.TableTooSmall]),
        ["a leak and a flood at once"] = (
            Tables.Of(
                new Load(TrafficClass.Established, 11_000)
                {
                    Sources = _client,
                    Destination = "10.0.5.1",
                    Port = 5432,
                    New = 0,
                    Idle = (100, 60),
                    SpeakingPercent = 0,
                },
                new Load(TrafficClass.SynSent, 8_800) { Sources = ["10.0.7.7"], Destination = "10.0.5.3", Port = 443, New = 1000 }),
            [Cause.LeakingClient, Cause.SynFloodUnanswered]),
        ["a flood beside VXLAN"] = (
            Tables.Of(
                new Load(TrafficClass.UdpUnreplied, 9_000) { Sources = ["10.0.0.2"], Destination = "10.0.0.1", Port = 8472 },
                new Load(TrafficClass.UdpUnreplied, 10_000) { Sources = ["10.0.7.7"], Destination = "10.0.5.3", Port = 9999 }),
            [Cause.UdpFlood, Cause.OneWayTunnel]),
        ["a smaller flood beside VXLAN"] = (
            Tables.Of(
                new Load(TrafficClass.UdpUnreplied, 12_000) { Sources = ["10.0.0.2"], Destination = "10.0.0.1", Port = 8472 },
                new Load(TrafficClass.UdpUnreplied, 7_000) { Sources = ["10.0.7.7"], Destination = "10.0.5.3", Port = 9999 }),
            [Cause.OneWayTunnel, Cause.UdpFlood]),
        ["ports of a translated address used up"] = (Translated(2000, 20_000, 21_999, races: 100), [Cause.NatPortsExhausted]),
        ["a translated address with ports to spare, and races"] = (Translated(2000, 1025, 65_000, races: 100), [Cause.LostRaces]),
        ["a narrow range in use, and nothing lost"] = (Translated(2000, 20_000, 21_999, races: 0), []),
        ["a pod's own table"] = (
            Tables.Of(_inUse) with
            {
                Namespaces = [
                    new NamespaceFacts
                    {
                        Inode = 4026532320,
                        Entries = 19_990,
                        Limit = 20_000,
                        DropsPerMinute = 900,
                        EarlyDropsPerMinute = 0,
                        Pid = 7,
                        Process = "nginx",
                    }],
            }, [Cause.OtherNamespaceFull]),
        ["another's table that loses nothing"] = (
            Tables.Of(_inUse) with { Namespaces = [new NamespaceFacts { Inode = 4026532320, Entries = 15_500, Limit = 20_000 }] }, []),
        ["chains too long"] = (
            Tables.Of(_inUse) with { Buckets = 1024, Rates = new RateFacts { ChainTooLong = 90 } }, [Cause.ChainsTooLong]),
        ["a bit of everything"] = (
            Tables.Of(
                [.. Enum.GetValues<TrafficClass>()
                    .Where(c => c is not (TrafficClass.CloseWait or TrafficClass.Closing or TrafficClass.SynReceived))
                    .Select(c => new Load(c, 1850))]) with
            { Rates = new RateFacts { LostForWant = 5 } },
            [Cause.Unclear]),
        ["an empty table"] = (Tables.Of(), []),
        ["half full, whatever of"] = (
            Tables.Of(new Load(TrafficClass.SynSent, 9_900) { Sources = _client, Destination = "10.0.5.3", Port = 443, New = 3000 }), []),
    };

    internal static IReadOnlyDictionary<string, TableFacts> Situations { get; } = _cases.ToDictionary(c => c.Key, c => c.Value.Facts);

    public static TheoryData<string> Cases => [.. _cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Each_situation_is_told_for_what_it_is_and_nothing_else_is(string situation)
    {
        var (facts, causes) = _cases[situation];
        Assert.Equal(causes, Adviser.Advise(facts).Findings.Select(finding => finding.Cause).ToArray());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Each_finding_says_why_and_either_what_to_do_or_who_can(string situation) =>
        Assert.All(Adviser.Advise(_cases[situation].Facts).Findings, finding =>
    {
        Assert.NotEmpty(finding.Seen);
        Assert.True(finding.Now.Any(step => step.Run is not null) || finding.Elsewhere is not null, finding.Text);
        Assert.Equal(finding.Sufficient, finding.Elsewhere is null);
        Assert.DoesNotContain('\n', finding.Text);
    });

    [Fact]
    public void A_flood_beside_a_tunnel_is_blamed_on_its_own_source_and_place() => Assert.Equal(
        ["10.0.7.7", "10.0.5.3"],
        Adviser.Advise(_cases["a smaller flood beside VXLAN"].Facts).Findings.Single(f => f.Cause == Cause.UdpFlood).Who
            .Select(party => party.Address));

    [Fact]
    public void A_leak_that_is_only_suspected_says_what_would_tell()
    {
        var finding = Assert.Single(Adviser.Advise(_cases["a young leak"].Facts).Findings);
        Assert.Equal(Confidence.Suspected, finding.Confidence);
        Assert.Contains(finding.NotKnown, n => n.Look == "kubectl-conntrack host advise --watch 30s");
        Assert.Equal(
            Confidence.Likely,
            Assert.Single(Adviser.Advise(_cases["a leak whose connections are known to have sent nothing"].Facts).Findings).Confidence);
    }

    [Fact]
    public void What_is_not_explained_says_what_most_of_it_is_and_nothing_that_was_not_looked_at()
    {
        var facts = Tables.Of(
            new Load(TrafficClass.UdpStream, 3_600) { Sources = ["10.0.7.7"], Destination = "10.0.5.3", Port = 443 },
            new Load(TrafficClass.Established, 2_400) { Sources = ["10.0.7.7", "10.0.7.8"], Destination = "fd00::53", Port = 53 });
        var finding = Assert.Single(Adviser.Advise(facts with { WarningPercent = 20 }).Findings);
        Assert.Equal(Cause.Unclear, finding.Cause);
        Assert.Equal(
            "60% are udp STREAM, 80% come from 10.0.7.7, 60% go to 10.0.5.3:443: by itself that is none of the causes that this knows",
            finding.Because);
    }

    [Fact]
    public void A_policy_that_calls_less_than_a_half_pressure_is_told_the_cause()
    {
        var flood = Tables.Of(
            new Load(TrafficClass.SynSent, 6_000) { Sources = _client, Destination = "10.0.5.3", Port = 443, New = 3000 });
        Assert.Equal(
            [Cause.SynFloodUnanswered], Adviser.Advise(flood with { WarningPercent = 25 }).Findings.Select(finding => finding.Cause));
        Assert.Empty(Adviser.Advise(flood).Findings);
    }

    [Fact]
    public void Where_packets_were_not_counted_nothing_is_said_of_how_many_are_invalid()
    {
        var flood = _cases["a SYN flood to a silent port"].Facts;
        var counted = Adviser.Advise(flood with { Rates = new RateFacts { Known = true } }).Findings[0];
        Assert.Contains("0 packets a minute are INVALID", counted.Because, StringComparison.Ordinal);
        Assert.Contains(counted.RuledOut, rival => rival.Cause == Cause.AsymmetricRouting);
        var finding = Adviser.Advise(flood with { Rates = new RateFacts { Known = false } }).Findings[0];
        Assert.Equal(Cause.SynFloodUnanswered, finding.Cause);
        Assert.DoesNotContain("INVALID", finding.Because, StringComparison.Ordinal);
        Assert.DoesNotContain(finding.RuledOut, rival => rival.Cause == Cause.AsymmetricRouting);
        Assert.Contains(finding.NotKnown, question => question.What.StartsWith("how many packets are INVALID", StringComparison.Ordinal));
    }

    [Fact]
    public void The_same_load_without_a_second_look_is_no_leak() => Assert.DoesNotContain(
        Adviser.Advise(_cases["a young leak"].Facts with { Watched = TimeSpan.Zero }).Findings,
        finding => finding.Cause == Cause.LeakingClient);

    private static TableFacts Translated(long entries, int lowest, int highest, double races)
    {
        var facts = Tables.Of(
            new Load(TrafficClass.Established, entries) { Sources = _client, Destination = "10.84.0.2", Port = 443, Idle = (50, 30) });
        return facts with
        {
            Rates = new RateFacts { LostInRaces = races },
            Traffic =
            [
                .. facts.Traffic.Select(group => group with { SourceTranslatedPercent = 100 }),
                new TrafficFacts
                {
                    View = TrafficView.Translation, Class = TrafficClass.Other, Protocol = "tcp", Source = "10.84.0.1",
                        Destination = "10.84.0.2", Port = 443,
                    Entries = new Bounds(entries, entries), TranslatedPorts = (lowest, highest), SourceTranslatedPercent = 100,
                },
            ],
        };
    }
}
