using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Advice;

/// <summary>Commands that do what the sentence beside them says, and sentences that are true of what is advised.</summary>
public class SaidRightTests
{
    private static Finding Only(string situation) => Assert.Single(Adviser.Advise(Situations.All[situation]).Findings);

    private static string Runs(Finding finding) => string.Join('\n', finding.Now.Select(step => step.Run));

    [Theory]
    [InlineData("ESP that nobody answers")]
    [InlineData("ESP of everybody")]
    public void A_flood_of_another_protocol_is_flushed_and_dropped_by_that_protocol(string situation)
    {
        var runs = Runs(Only(situation));
        Assert.Contains("host flush --protocol 50 --unreplied", runs, StringComparison.Ordinal);
        Assert.DoesNotContain("gre", runs, StringComparison.Ordinal);
        Assert.DoesNotContain("10.0.5.2 drop", runs, StringComparison.Ordinal);
        if (runs.Contains(" drop", StringComparison.Ordinal))
        {
            Assert.Contains("ip saddr 10.0.7.7 ip daddr 10.0.5.2 meta l4proto 50 drop", runs, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(
        "SCTP that nobody answers",
        "ip saddr 10.1.0.0/24 ip daddr 10.2.0.1 sctp dport 36412 drop",
        "flush --protocol sctp --unreplied --destination 10.2.0.1 --dport 36412 --yes")]
    [InlineData(
        "SCTP that nobody answers by IPv6 with iptables",
        "ip6tables -t raw -I PREROUTING -s 2001:db8::7 -d 2001:db8::2 -p sctp -m multiport --dports 36412 -j DROP",
        "flush --protocol sctp --unreplied --source 2001:db8::7 --destination 2001:db8::2 --dport 36412 --yes")]
    [InlineData(
        "UDP-Lite of a network by IPv6",
        "ip6 saddr 2001:db8:0:7::/64 ip6 daddr 2001:db8::2 udplite dport 5000 drop",
        "flush --protocol udplite --unreplied --destination 2001:db8::2 --dport 5000 --yes")]
    [InlineData(
        "ESP and GRE of everybody", null,
        "flush --protocol 50 --unreplied --yes\nkubectl-conntrack host flush --protocol gre --unreplied --yes")]
    public void Rules_and_flushes_name_the_protocol_and_the_port(string situation, string? rule, string flush)
    {
        var runs = Runs(Only(situation));
        Assert.EndsWith(flush, runs, StringComparison.Ordinal);
        Assert.Contains(rule ?? string.Empty, runs, StringComparison.Ordinal);
        Assert.Equal(rule is not null, runs.Contains("drop", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("ICMP flood of one by IPv6", "icmpv6 type echo-request drop")]
    [InlineData("sweep of pings by IPv6", "-p icmpv6 --icmpv6-type echo-request -j DROP")]
    public void Of_ICMP_pings_alone_are_dropped(string situation, string rule)
    {
        var drops = Runs(Only(situation)).Split('\n').Where(line => line.Contains("drop", StringComparison.OrdinalIgnoreCase)).ToList();
        Assert.NotEmpty(drops);
        Assert.All(drops, drop => Assert.EndsWith(rule, drop, StringComparison.Ordinal));
    }

    [Fact]
    public void The_time_out_that_holds_pings_is_that_of_their_version_of_IP() =>
        Assert.Equal("timeouts.icmpv6", Only("ICMP flood of everybody by IPv6 that a time-out holds").Field);

    [Theory]
    [InlineData("SYN flood from a network", "those that are open go on")]
    [InlineData("UDP-Lite of a network by IPv6", "what is in use is cut off as well")]
    [InlineData("SCTP that nobody answers", "what is in use is cut off as well")]
    [InlineData("scan of hosts by UDP from this machine", "what is in use is cut off as well")]
    [InlineData("sweep of pings by IPv6", "errors and neighbour discovery pass")]
    public void That_open_connections_go_on_is_said_of_rules_about_SYNs_alone(string situation, string broken)
    {
        var text = string.Join('\n', Only(situation).MayBreak);
        Assert.Contains(broken, text, StringComparison.Ordinal);
        Assert.Equal(
            broken.Contains("open go on", StringComparison.Ordinal), text.Contains("that are open go on", StringComparison.Ordinal));
    }

    [Fact]
    public void Of_a_protocol_that_is_not_known_nothing_is_dropped_or_flushed()
    {
        var esp = Situations.All["ESP that nobody answers"];
        var finding = Assert.Single(Adviser.Advise(esp with
        {
            States = [],
            Traffic = [.. esp.Traffic.Select(group => group with { Protocol = string.Empty })],
        }).Findings);
        Assert.DoesNotContain(" drop", Runs(finding), StringComparison.Ordinal);
        Assert.DoesNotContain("flush", Runs(finding), StringComparison.Ordinal);
        Assert.Null(finding.Frees);
        Assert.Contains(finding.NotKnown, unknown => unknown.What.StartsWith("which protocol", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ICMP flood of one by IPv6", "flush --protocol icmpv6 --source 2001:db8::7 --destination 2001:db8::2 --yes")]
    [InlineData("sweep of pings by IPv6", "flush --protocol icmpv6 --source 2001:db8::7 --yes")]
    [InlineData("ICMP flood of everybody", "flush --protocol icmp --yes")]
    [InlineData(
        "ICMP flood of everybody by both versions of IP",
        "flush --protocol icmp --yes\nkubectl-conntrack host flush --protocol icmpv6 --yes")]
    public void Pings_are_flushed_by_the_protocol_of_their_addresses(string situation, string flush)
    {
        var runs = Runs(Only(situation));
        Assert.EndsWith(flush, runs, StringComparison.Ordinal);
        Assert.Equal(flush.Split('\n').Length, runs.Split("host flush").Length - 1);
    }

    [Fact]
    public void Rules_of_iptables_without_an_address_are_there_for_both_versions_of_IP()
    {
        var tunnel = Runs(Adviser.Advise(Situations.All["VXLAN of a link by IPv6 with iptables"]).Findings[0]);
        foreach (var chain in new[] { "PREROUTING", "OUTPUT" })
        {
            Assert.Contains($"\niptables -t raw -I {chain} -p udp --dport 4789", "\n" + tunnel, StringComparison.Ordinal);
            Assert.Contains($"\nip6tables -t raw -I {chain} -p udp --dport 4789", tunnel, StringComparison.Ordinal);
        }

        var pings = Runs(Assert.Single(Adviser.Advise(
            Situations.All["ICMP flood of everybody by both versions of IP"] with { Rules = new RuleFacts { HasNft = false } }).Findings));
        Assert.Contains("\niptables -t raw -I OUTPUT -p icmp --icmp-type echo-reply -j", pings, StringComparison.Ordinal);
        Assert.Contains("\nip6tables -t raw -I OUTPUT -p icmpv6 --icmpv6-type echo-reply -j", pings, StringComparison.Ordinal);
        Assert.DoesNotContain("\niptables -t raw -I OUTPUT -p icmpv6", pings, StringComparison.Ordinal);
        Assert.DoesNotContain("ip6tables -t raw -I OUTPUT -p icmp ", pings, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SYN flood that a shorter time-out holds", false)]
    [InlineData("SYN flood of everybody that a larger table holds", false)]
    [InlineData("SYN flood from this machine", false)]
    [InlineData("SYN flood of everybody that nothing here stops", true)]
    public void A_table_is_full_again_only_where_what_is_advised_does_not_hold_it(string situation, bool again) =>
        Assert.Equal(again, Only(situation).FullAgainSeconds is not null);

    [Theory]
    [InlineData("leak of days by time-outs that nobody watched", Cause.LeakingClient)]
    [InlineData("connections of days by time-outs that nobody watched", Cause.IdleConnections)]
    [InlineData("connections of days on a node by time-outs that nobody watched", Cause.IdleConnections)]
    public void Idle_times_by_time_outs_that_nobody_watched_are_suspected_and_say_so(string situation, Cause cause)
    {
        const string If = "if the time-outs were as they are now for that long";
        var finding = Only(situation);
        Assert.Equal((cause, Confidence.Suspected), (finding.Cause, finding.Confidence));
        Assert.Contains(If, finding.Because, StringComparison.Ordinal);
        Assert.Contains(finding.Seen, seen => seen.Contains(If, StringComparison.Ordinal));
        Assert.Contains(
            finding.NotKnown,
            unknown => unknown.What.Contains("watched for 2s", StringComparison.Ordinal)
                && unknown.Look.Contains("--watch", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("leak of days by time-outs that nobody watched")]
    [InlineData("connections of days by time-outs that nobody watched")]
    [InlineData("CLOSE_WAIT by time-outs that nobody watched")]
    public void A_flush_by_an_assumption_is_counted_first_and_says_what_it_assumes(string situation)
    {
        var lines = Runs(Only(situation)).Split('\n').Where(line => line.Contains("held", StringComparison.Ordinal)).ToList();
        Assert.Equal(3, lines.Count);
        Assert.EndsWith(" --timeouts-held --dry-run", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("# --timeouts-held assumes that no time-out was changed", lines[1], StringComparison.Ordinal);
        Assert.Equal(lines[0].Replace("--dry-run", "--yes", StringComparison.Ordinal), lines[2]);
    }

    [Fact]
    public void What_an_agent_deletes_of_idle_times_that_it_has_not_watched_is_not_said_to_be_freed()
    {
        var finding = Only("connections of days on a node by time-outs that nobody watched");
        Assert.Null(finding.Frees);
        Assert.DoesNotContain("--timeouts-held", Runs(finding), StringComparison.Ordinal);
        Assert.Contains("only what it knows to be idle", finding.Now[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_watched_for_long_enough_is_certain_and_deleted_by_that()
    {
        var finding = Only("connections of days by time-outs that were watched for three hours");
        Assert.Equal((Confidence.Certain, "3h"), (finding.Confidence, finding.Value));
        Assert.EndsWith(" --idle-for 3h --yes", finding.Now[0].Run, StringComparison.Ordinal);
        Assert.DoesNotContain("--timeouts-held", Runs(finding), StringComparison.Ordinal);
    }

    [Fact]
    public void Connections_that_speak_are_no_leak_however_idle_they_seem_by_time_outs_that_nobody_watched() =>
        Assert.DoesNotContain(
            Adviser.Advise(Situations.All["connections that speak and seem idle by time-outs that nobody watched"]).Findings,
            finding => finding.Cause == Cause.LeakingClient);

    [Theory]
    [InlineData(0, 30, false)]
    [InlineData(0, 70, true)]
    [InlineData(20, 30, true)]
    public void Connections_that_all_had_a_packet_lately_while_none_was_opened_are_in_use(long opened, double quiet, bool isLeak) =>
        Assert.Equal(
            isLeak,
            Adviser.Advise(Tables.Of(new Load(TrafficClass.Established, 18_000)
            {
                Sources = ["10.0.1.2"],
                Destination = "10.0.5.1",
                Port = 5432,
                New = opened,
                SpeakingPercent = 0,
                Idle = (quiet, 30),
            })).Findings.Any(finding => finding.Cause == Cause.LeakingClient));

    [Fact]
    public void What_a_full_table_turns_away_is_reckoned_with_a_full_table_and_told_of_one_that_is_nearly_full()
    {
        static string Told(long entries, int critical) => string.Join('\n', Adviser.Advise(
            Tables.Of(new Load(TrafficClass.SynSent, entries) { Sources = ["10.0.7.7"], Destination = "10.0.5.2", Port = 80, New = 900 })
                with
            { CriticalPercent = critical, WarningPercent = 1, Limit = 20_480, AssuredPercent = 95 }).Findings.SelectMany(f => f.Seen));

        // One entry a bucket when full: e to the minus 16 times 0.05.
        Assert.Contains("about 44.93% of new connections find no entry", Told(19_000, 90), StringComparison.Ordinal);
        Assert.DoesNotContain("find no entry", Told(600, 2), StringComparison.Ordinal);
    }

    [Fact]
    public void A_share_is_the_same_to_the_digit_wherever_a_finding_tells_it()
    {
        var finding = Assert.Single(Adviser.Advise(Tables.Of(
            new Load(TrafficClass.Established, 8_500) { Destination = "10.0.9.9", Port = 443, Idle = (90, 30) },
            new Load(TrafficClass.SynSent, 7_505) { Sources = ["10.0.7.7"], Destination = "10.0.5.2", Port = 80, New = 900 })).Findings);
        Assert.Equal(46.9, finding.Who[0].Percent);
        Assert.Contains(" 46.9% of entries", finding.Text, StringComparison.Ordinal);
        Assert.Contains("(46.9%)", finding.Seen[0], StringComparison.Ordinal);
    }

    [Fact]
    public void The_greatest_of_many_small_shares_is_no_argument() => Assert.DoesNotContain(
        "come from",
        Assert.Single(
            Adviser.Advise(Tables.Of(
                new Load(TrafficClass.Established, 11_000) { Destination = "10.0.5.3", Port = 443 },
                new Load(TrafficClass.SynSent, 1_900) { Destination = "10.0.5.3", Port = 443 },
                new Load(TrafficClass.UdpUnreplied, 1_900) { Destination = "10.0.5.3", Port = 443 },
                new Load(TrafficClass.TimeWait, 1_400) { Destination = "10.0.5.3", Port = 443 },
                new Load(TrafficClass.UdpStream, 80) { Sources = ["10.1.0.101"], Destination = "10.0.5.4", Port = 443 })).Findings,
            f => f.Cause == Cause.Unclear).Because,
        StringComparison.Ordinal);

    [Theory]
    [InlineData(100, true)]
    [InlineData(60, false)]
    public void A_flood_of_which_nothing_new_comes_and_nothing_is_renewed_is_flushed_and_no_more(double quiet, bool isOver)
    {
        var finding = Assert.Single(Adviser.Advise(Tables.Of(
            new Load(TrafficClass.Established, 1_000) { Destination = "10.0.9.9", Port = 443, Idle = (90, 30) },
            new Load(TrafficClass.UdpUnreplied, 17_000)
            {
                Sources = ["10.0.7.7"],
                Destination = "10.0.5.2",
                Port = 80,
                Idle = (quiet, 20),
            })).Findings);
        Assert.Equal(isOver, finding.Text.StartsWith("what is left of a UDP flood", StringComparison.Ordinal));
        Assert.Equal(!isOver, Runs(finding).Contains("udp dport 80 drop", StringComparison.Ordinal));
        Assert.Contains("flush --protocol udp --unreplied", Runs(finding), StringComparison.Ordinal);
    }

    [Fact]
    public void Rules_that_are_not_advised_are_not_to_be_taken_away_and_time_outs_that_are_not_set_break_nothing()
    {
        string[] withoutRules =
            ["translated queries that nothing here holds", "translated queries with iptables", "queries without a second look"];
        foreach (var situation in withoutRules)
        {
            var finding = Only(situation);
            Assert.DoesNotContain(finding.ForGood, step => step.What.Contains("take the rules away", StringComparison.Ordinal));
            Assert.DoesNotContain(finding.MayBreak, text => text.Contains("longer than", StringComparison.Ordinal));
        }

        Assert.DoesNotContain(
            Only("answers of two clients that take another way through a translation").ForGood,
            step => step.What.Contains("take the rules away", StringComparison.Ordinal));
        Assert.Contains(
            Only("queries that are not translated").ForGood,
            step => step.What.Contains("take the rules away", StringComparison.Ordinal));
        Assert.Equal(["answers that take longer than 5 s find no entry"], Only("queries that are not translated").MayBreak);
    }

    [Fact]
    public void That_no_time_out_holds_queries_is_said_only_where_their_rate_is_known()
    {
        Assert.EndsWith("no time-out holds them", Only("translated queries that nothing here holds").Elsewhere, StringComparison.Ordinal);
        Assert.EndsWith(
            "whether a time-out holds them is not known before their rate is", Only("queries without a second look").Elsewhere,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("node-7")]
    public void A_policy_that_is_applied_after_another_has_the_others_fields_too_since_it_takes_its_place(string? node)
    {
        var facts = Situations.All["chains too long in a table that is full"];
        var steps = Adviser.Advise(facts with { Target = facts.Target with { Node = node } }).Findings.SelectMany(f => f.Now).ToList();
        Assert.Equal(2, steps.Count);
        Assert.DoesNotContain("buckets:", steps[0].Yaml, StringComparison.Ordinal);
        Assert.Contains("\n  table:\n    buckets: 65536\n    size:\n      entries: 65536\n", steps[1].Yaml, StringComparison.Ordinal);
        Assert.Contains(steps[1].Yaml!, steps[1].Run, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_a_policy_is_in_force_each_key_is_set_by_itself()
    {
        var facts = Situations.All["chains too long in a table that is full"];
        var steps = Adviser.Advise(facts with { Target = facts.Target with { HasPlan = true } }).Findings.SelectMany(f => f.Now).ToList();
        Assert.Equal(
            ["sysctl -w net.netfilter.nf_conntrack_max=65536", "sysctl -w net.netfilter.nf_conntrack_buckets=65536"],
            steps.Select(step => step.Run));
    }

    [Fact]
    public void A_rate_that_was_not_watched_is_not_over_any_time() => Assert.DoesNotContain(
        Adviser.Advise(Situations.All["a little of everything, lost and sampled"]).Findings.SelectMany(f => f.Seen),
        seen => seen.Contains("over 0 s", StringComparison.Ordinal));

    [Fact]
    public void A_flush_comes_before_a_change_of_the_time_out_only_where_one_is_advised()
    {
        Assert.DoesNotContain(
            "time-out is changed", Only("CLOSE_WAIT with a short time-out already").Now[0].What, StringComparison.Ordinal);
        Assert.Contains("time-out is changed", Only("CLOSE_WAIT of nobody in particular").Now[0].What, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_clients_that_leak_to_one_place_each_is_named_and_held() => Assert.Equal(
        ["10.0.1.2", "10.0.1.3"],
        Adviser.Advise(Situations.All["leak of two clients to one place"]).Findings
            .Where(f => f.Cause == Cause.LeakingClient).Select(f => f.Who[0].Address).Order(StringComparer.Ordinal));

    [Fact]
    public void The_program_that_scans_is_looked_for_among_sockets_of_its_protocol() =>
        Assert.Equal("ss -aunp", Only("scan of hosts by UDP from this machine").ForGood[0].Run);
}
