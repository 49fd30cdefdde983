using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using CsCheck;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Advice;

/// <summary>What holds for printed commands on any facts: a flush meets what it is said to free, and no rule meets anything else.</summary>
public class PrintedCommandTests
{
    private static readonly string[] _v4 = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
    private static readonly string[] _v6 = ["2001:db8::1", "2001:db8::2", "2001:db8::3"];
    private static readonly int?[] _ports = [null, 53, 80, 5000, 36412];
    private static readonly string[] _others = ["50", "gre", "sctp", "dccp", "ipip"];

    private static readonly Gen<Load> _load = Gen.Select(
        Gen.Int[0, 12], Gen.Long[0, 12_000], Gen.Int[0, 7], Gen.Int[0, 3], Gen.Int[0, _ports.Length - 1],
        Gen.Select(Gen.Bool, Gen.Int[0, _others.Length - 1], Gen.Long[0, 8_000], Gen.Int[1, 250], Gen.Double[0, 100], Gen.Long[0, 500_000]))
        .Select((kind, entries, sources, destination, port, more) =>
        {
            var (addresses, @class) = (more.Item1 ? _v6 : _v4, (TrafficClass)kind);
            var protocol = @class switch
            {
                TrafficClass.OtherUnreplied or TrafficClass.Other => _others[more.Item2],
                TrafficClass.UdpUnreplied or TrafficClass.UdpReplied or TrafficClass.UdpStream => more.Item2 == 0 ? "udplite" : "udp",
                TrafficClass.Icmp => more.Item1 ? "icmpv6" : "icmp",
                _ => "tcp",
            };
            var hasPorts = protocol is "tcp" or "udp" or "udplite" or "sctp" or "dccp";
            return new Load(@class, entries)
            {
                Protocol = protocol,
                Sources = [.. addresses.Where((_, i) => (sources & (1 << i)) != 0)],
                Network = sources == 0 ? (more.Item1 ? "2001:db8:0:7::/64" : "198.18.0.0/16") : null,
                Destination = destination == 3 ? null : addresses[destination],
                Port = hasPorts && destination != 3 ? _ports[port] : null,
                New = more.Item3,
                Hosts = more.Item4,
                Ports = more.Item4,
                Idle = (more.Item5, more.Item6),
            };
        });

    private static readonly Gen<(Load[] Loads, TableFacts Facts)> _cases = Gen.Select(_load.Array[1, 5], Gen.Bool, Gen.Bool)
        .Select((loads, hasNft, local) => (loads, Tables.Of(loads) with
        {
            Rules = new RuleFacts { HasNft = hasNft, DropsInvalid = false },
            LocalAddresses = new HashSet<string>(local ? ["10.0.0.1", "2001:db8::1"] : []),
        }));

    [Fact]
    public void What_is_said_to_be_freed_is_met_by_the_flushes()
    {
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        _cases.Sample(
            one =>
            {
                foreach (var finding in Adviser.Advise(one.Facts).Findings.Where(f => f.Frees is { Most: > 0 }))
                {
                    var flushes = Lines(finding).Where(line => line.Contains(" flush ", StringComparison.Ordinal))
                        .Select(line => Options(line)).ToList();
                    if (flushes.Count == 0)
                    {
                        // What a setting frees.
                        continue;
                    }

                    var met = one.Loads.Sum(load => flushes.Max(flush => Met(load, flush)));

                    // Which of several protocols of a class have how many is not always known to the entry, so there are bounds.
                    var isOfSeveral = one.Loads.GroupBy(load => Kind(load.Class))
                        .Any(kind => kind.Key > 0 && kind.Select(Tables.ProtocolOf).Distinct().Count() > 1);
                    Assert.True(
                        (isOfSeveral ? finding.Frees!.Value.Least : finding.Frees!.Value.Most) <= met + one.Loads.Length,
                        $"{finding.Frees} freed, {met} met by\n{string.Join('\n', Lines(finding))}\n{string.Join('\n', one.Loads)}");
                    foreach (var flush in flushes)
                    {
                        seen[flush["--protocol"]] = 1;
                    }
                }
            },
            iter: 20_000);
        string[] expected = ["50", "dccp", "gre", "ipip", "icmp", "icmpv6", "sctp", "tcp", "udp", "udplite"];
        Assert.Empty(expected.Except(seen.Keys));
    }

    [Fact]
    public void A_rule_names_one_protocol_that_what_is_to_be_dropped_has_and_of_ICMP_only_pings()
    {
        var seen = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        _cases.Sample(
            one =>
            {
                foreach (var finding in Adviser.Advise(one.Facts).Findings)
                {
                    foreach (var rule in Lines(finding).Where(IsRule))
                    {
                        var protocol = ProtocolOfRule(rule);
                        Assert.NotNull(protocol);
                        Assert.True(
                            one.Loads.Any(load => load.Entries > 0 && Tables.ProtocolOf(load) == protocol), $"nothing of {rule}");
                        if (protocol is "icmp" or "icmpv6")
                        {
                            Assert.Contains("type echo-re", rule, StringComparison.Ordinal);
                            Assert.True(IsV6(rule) is not { } v6 || v6 == (protocol == "icmpv6"), rule);
                        }

                        var drops = rule.EndsWith(" drop", StringComparison.Ordinal) || rule.EndsWith(" DROP", StringComparison.Ordinal);
                        if (drops && !rule.Contains("== syn", StringComparison.Ordinal) && !rule.Contains("--syn", StringComparison.Ordinal)
                            && finding.Cause != Cause.LeakingClient)
                        {
                            Assert.DoesNotContain(
                                finding.MayBreak,
                                text => text.Contains("open go on", StringComparison.Ordinal)
                                    && !text.Contains("TCP", StringComparison.Ordinal));
                        }

                        seen[protocol!] = 1;
                    }
                }
            },
            iter: 20_000);
        string[] expected = ["50", "dccp", "gre", "ipip", "icmp", "icmpv6", "sctp", "tcp", "udp", "udplite"];
        Assert.Empty(expected.Except(seen.Keys));
    }

    // Classes that more than one protocol can be of.
    private static int Kind(TrafficClass kind) => kind switch
    {
        TrafficClass.UdpUnreplied or TrafficClass.UdpReplied or TrafficClass.UdpStream => 1,
        TrafficClass.Icmp => 2,
        TrafficClass.OtherUnreplied or TrafficClass.Other => 3,
        _ => 0,
    };

    private static IEnumerable<string> Lines(Finding finding) => finding.Now.Select(step => step.Run).OfType<string>()
        .SelectMany(run => run.Split('\n'));

    private static bool IsRule(string line) => line.StartsWith("add rule ", StringComparison.Ordinal)
        || line.StartsWith("iptables ", StringComparison.Ordinal) || line.StartsWith("ip6tables ", StringComparison.Ordinal);

    // By number where /etc/protocols may say something else.
    private static string? ProtocolOfRule(string rule) => NameInRule(rule) switch
    {
        "47" => "gre",
        "4" => "ipip",
        "gre" or "ipip" => null,
        var name => name,
    };

    private static string? NameInRule(string rule)
    {
        var words = rule.Split(' ');
        if (Array.IndexOf(words, "-p") is > 0 and var option)
        {
            return words[option + 1];
        }

        if (Array.IndexOf(words, "l4proto") is > 0 and var named)
        {
            return words[named + 1];
        }

        if (rule.Contains("tcp flags", StringComparison.Ordinal))
        {
            return "tcp";
        }

        var field = Array.FindIndex(words, word => word is "dport" or "sport" or "type");
        return field > 0 ? words[field - 1] : null;
    }

    // Null: of both.
    private static bool? IsV6(string rule) => rule.StartsWith("ip6tables", StringComparison.Ordinal) ? true
        : rule.StartsWith("iptables", StringComparison.Ordinal) ? false
        : rule.Contains("ip6 ", StringComparison.Ordinal) ? true
        : rule.Contains(" ip ", StringComparison.Ordinal) ? false
        : null;

    private static Dictionary<string, string> Options(string line)
    {
        var words = line.Split(' ');
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < words.Length; i++)
        {
            if (words[i].StartsWith("--", StringComparison.Ordinal))
            {
                var value = i + 1 < words.Length && !words[i + 1].StartsWith("--", StringComparison.Ordinal) ? words[i + 1] : string.Empty;
                options[words[i]] = options.TryGetValue(words[i], out var before) ? $"{before} {value}" : value;
            }
        }

        return options;
    }

    /// <summary>How many of a load's entries a flush meets; its idle time is not looked at.</summary>
    private static long Met(Load load, Dictionary<string, string> flush)
    {
        if (flush["--protocol"] != Tables.ProtocolOf(load)
            || (flush.TryGetValue("--destination", out var destination) && load.Destination != destination)
            || (flush.TryGetValue("--dport", out var port) && load.Port?.ToString() != port)
            || (flush.ContainsKey("--unreplied") && load.Class is not (
                TrafficClass.SynSent or TrafficClass.OneWay or TrafficClass.UdpUnreplied or TrafficClass.OtherUnreplied))
            || (flush.TryGetValue("--state", out var states) && !states.Split(' ').Any(state => Has(load.Class, state))))
        {
            return 0;
        }

        return !flush.TryGetValue("--source", out var source) ? load.Entries
            : load.Sources.Contains(source) ? load.Entries / load.Sources.Length : 0;
    }

    private static bool Has(TrafficClass kind, string state) => state switch
    {
        "SYN_SENT" => kind == TrafficClass.SynSent,
        "SYN_RECV" => kind == TrafficClass.SynReceived,
        "ESTABLISHED" => kind is TrafficClass.Established or TrafficClass.OneWay,
        "CLOSE_WAIT" => kind == TrafficClass.CloseWait,
        "TIME_WAIT" => kind == TrafficClass.TimeWait,
        "CLOSE" or "FIN_WAIT" or "LAST_ACK" => kind == TrafficClass.Closing,
        "STREAM" => kind == TrafficClass.UdpStream,
        "REPLIED" => kind == TrafficClass.UdpReplied,
        "UNREPLIED" => kind == TrafficClass.UdpUnreplied,
        "COOKIE_WAIT" => kind is TrafficClass.OtherUnreplied or TrafficClass.Other,
        _ => false,
    };
}
