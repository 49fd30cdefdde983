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
    }

    [Theory]
    [InlineData("ICMP flood of one by IPv6", "flush --protocol icmpv6 --source 2001:db8::7 --destination 2001:db8::2 --yes")]
    [InlineData("sweep of pings by IPv6", "flush --protocol icmpv6 --source 2001:db8::7 --yes")]
    [InlineData("ICMP flood of everybody", "flush --protocol icmp --yes\nkubectl-conntrack host flush --protocol icmpv6 --yes")]
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
            Situations.All["ICMP flood of everybody"] with { Rules = new RuleFacts { HasNft = false } }).Findings));
        Assert.Contains("\niptables -t raw -I OUTPUT -p icmp -j", pings, StringComparison.Ordinal);
        Assert.Contains("\nip6tables -t raw -I OUTPUT -p icmpv6 -j", pings, StringComparison.Ordinal);
        Assert.DoesNotContain("\niptables -t raw -I OUTPUT -p icmpv6", pings, StringComparison.Ordinal);
        Assert.DoesNotContain("ip6tables -t raw -I OUTPUT -p icmp -j", pings, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SYN flood that a shorter time-out holds", false)]
    [InlineData("SYN flood of everybody that a larger table holds", false)]
    [InlineData("SYN flood from this machine", false)]
    [InlineData("SYN flood of everybody that nothing here stops", true)]
    public void A_table_is_full_again_only_where_what_is_advised_does_not_hold_it(string situation, bool again) =>
        Assert.Equal(again, Only(situation).FullAgainSeconds is not null);

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
