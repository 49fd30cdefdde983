using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Formatting;
using ConntrackOperator.Planning.Sizing;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Advice;

/// <summary>What is advised: the order, the floors, what holds a rate, and what must not be done.</summary>
public class RemedyTests
{
    private static readonly Load _inUse = new(TrafficClass.Established, 1000) { Destination = "10.0.9.9", Port = 443, Idle = (90, 30) };

    private static Finding Only(TableFacts facts) => Assert.Single(Adviser.Advise(facts).Findings);

    // Of 18,500 entries, those that got there in the last five seconds; the time-out is an hour, so they tell the rate.
    private static TableFacts Short(long perSecond) => Tables.Of(
        new Load(TrafficClass.TimeWait, 18_500)
        {
            Destination = "10.0.5.5",
            Port = 80,
            Idle = (100 - (100.0 * perSecond * 5 / 18_500), 60),
            TimeoutSeconds = 3600,
        });

    private static string Runs(Finding finding) => string.Join('\n', finding.Now.Select(step => step.Run));

    [Fact]
    public void Time_wait_is_flushed_after_its_time_out_is_lowered()
    {
        var finding = Only(
            Tables.Of(_inUse, new Load(TrafficClass.TimeWait, 18_500) { Destination = "10.0.5.5", Port = 80, Idle = (60, 60) }));
        Assert.Equal("kubectl-conntrack host flush --protocol tcp --state TIME_WAIT --state CLOSE --yes", finding.Now[1].Run);
        Assert.EndsWith(": timeouts.tcp.timeWait 10s, then flush them", finding.Text, StringComparison.Ordinal);
        Assert.Equal(("timeouts.tcp.timeWait", "10s"), (finding.Field, finding.Value));
        Assert.Contains("host apply -f - <<'EOF'\napiVersion: conntrack.dev/v1alpha1\n", finding.Now[0].Run, StringComparison.Ordinal);
        Assert.Contains("\nspec:\n  timeouts:\n    tcp:\n      timeWait: 10s\n", finding.Now[0].Yaml, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100, 180)]
    [InlineData(1000, 15)]
    [InlineData(1800, 10)]
    public void The_longest_time_out_that_holds_the_rate_is_advised(long perSecond, long seconds)
    {
        var finding = Only(Short(perSecond));
        Assert.InRange(finding.Enough!.PerSecond, perSecond - 1, perSecond + 155);
        Assert.Equal((seconds, true), (finding.Enough.Seconds, finding.Enough.Suffices));
        Assert.True(finding.Enough.Needs <= 18_000, finding.Enough.Text);
        Assert.Equal(KubeDuration.Format(seconds), finding.Value);
    }

    [Fact]
    public void A_larger_table_is_advised_where_no_time_out_holds_the_rate()
    {
        var finding = Only(Short(3700));
        Assert.Equal((10, false), (finding.Enough!.Seconds, finding.Enough.Suffices));
        Assert.Contains("\n  table:\n    size:\n      entries: 65536\n  timeouts:\n", finding.Now[0].Yaml, StringComparison.Ordinal);
        Assert.True(finding.Sufficient);

        var none = Only(Short(3700) with { NodeMemoryBytes = 40L << 20 });
        Assert.Equal((false, true), (none.Sufficient, none.FullAgainSeconds is not null));
    }

    [Theory]
    [InlineData("nf_conntrack_tcp_timeout_established", 7440)]
    [InlineData("nf_conntrack_tcp_timeout_close_wait", 60)]
    [InlineData("nf_conntrack_udp_timeout_stream", 120)]
    [InlineData("nf_conntrack_tcp_timeout_syn_sent", 30)]
    [InlineData("nf_conntrack_udp_timeout", 10)]
    public void A_time_out_is_advised_no_shorter_than_its_source_allows(string sysctl, long floor) =>
        Assert.Equal(floor, TimeoutFloors.Floor(sysctl));

    [Theory]
    [InlineData(7200)]
    [InlineData(7440)]
    [InlineData(7500)]
    public void Connections_idle_for_less_than_two_hours_four_minutes_are_left_alone(long idle)
    {
        var findings = Adviser.Advise(Tables.Of(new Load(TrafficClass.Established, 18_500) { Idle = (100, idle) })).Findings;
        Assert.Equal(idle >= 7440 ? Cause.IdleConnections : Cause.TableTooSmall, Assert.Single(findings).Cause);
        Assert.All(findings.Where(f => f.Cause == Cause.IdleConnections), f => Assert.Equal("2h4m", f.Value));
    }

    [Fact]
    public void Close_wait_gets_sixty_seconds_and_a_flush_of_the_one_who_leaks_that_spares_streams_that_send()
    {
        var finding = Only(
            Tables.Of(
                _inUse,
                new Load(TrafficClass.CloseWait, 18_000)
                {
                    Sources = ["10.0.1.2"],
                    Destination = "10.0.5.7",
                    Port = 8443,
                    Idle = (90, 30),
                }));
        Assert.Equal(("timeouts.tcp.closeWait", "60s"), (finding.Field, finding.Value is "1m" ? "60s" : finding.Value));
        Assert.Equal(
            "kubectl-conntrack host flush --protocol tcp --state CLOSE_WAIT --source 10.0.1.2 --destination 10.0.5.7 --dport 8443 "
                + "--idle-for 30s --yes", finding.Now[0].Run);
        Assert.Contains(finding.MayBreak, text => text.StartsWith("half-closed streams", StringComparison.Ordinal));
        Assert.Contains(finding.MayBreak, text => text.Contains("a rule here drops it (ct state invalid drop)", StringComparison.Ordinal));
    }

    [Fact]
    public void Close_wait_of_nobody_in_particular_is_only_flushed_when_it_is_quiet_for_a_minute()
    {
        var finding = Only(Tables.Of(_inUse, new Load(TrafficClass.CloseWait, 18_000) { Idle = (90, 30) }));
        Assert.DoesNotContain("flush", Runs(finding), StringComparison.Ordinal);
        Assert.Contains(
            "--idle-for 1m --yes",
            Runs(Only(Tables.Of(_inUse, new Load(TrafficClass.CloseWait, 18_000) { Idle = (90, 60) }))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_flood_of_few_sources_is_dropped_before_tracking_and_only_what_opens_connections()
    {
        var finding = Only(
            Tables.Of(
                _inUse,
                new Load(TrafficClass.SynReceived, 18_000) { Sources = ["10.0.7.7"], Destination = "10.0.5.2", Port = 80, New = 4000 }));
        Assert.Contains("hook prerouting priority -310", finding.Now[0].Run, StringComparison.Ordinal);
        Assert.Contains(
            "ip saddr 10.0.7.7 ip daddr 10.0.5.2 tcp dport 80 tcp flags & (fin | syn | rst | ack) == syn drop", finding.Now[0].Run,
            StringComparison.Ordinal);
        Assert.Equal(
            "kubectl-conntrack host flush --protocol tcp --state SYN_RECV --source 10.0.7.7 --destination 10.0.5.2 --dport 80 --yes",
            finding.Now[1].Run);
        Assert.Null(finding.FullAgainSeconds);
    }

    [Fact]
    public void A_flood_that_is_sent_here_is_dropped_where_it_leaves()
    {
        var facts = Tables.Of(
            _inUse, new Load(TrafficClass.SynSent, 18_000) { Sources = ["10.0.7.7"], Destination = "10.0.5.2", Port = 80, New = 4000 });
        Assert.Contains(
            "hook output", Only(facts with { LocalAddresses = new HashSet<string> { "10.0.7.7" } }).Now[0].Run, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(6, true)]
    [InlineData(4000, false)]
    public void This_machine_is_not_cut_off_for_what_its_own_connections_left_behind(long perSecond, bool isOver)
    {
        var left = new Load(TrafficClass.OneWay, 18_400) { Sources = ["10.89.0.2"], Ports = 250, New = perSecond };
        var finding = Only(Tables.Of(_inUse, left) with { LocalAddresses = new HashSet<string> { "10.89.0.2" } });
        Assert.Equal(Cause.OtherFlood, finding.Cause);
        Assert.DoesNotContain("ip saddr 10.89.0.2 meta l4proto tcp drop", Runs(finding), StringComparison.Ordinal);
        if (isOver)
        {
            Assert.Equal(
                "kubectl-conntrack host flush --protocol tcp --unreplied --source 10.89.0.2 --yes", Assert.Single(finding.Now).Run);
            Assert.True(finding.Sufficient);
        }
    }

    [Fact]
    public void Without_nft_the_same_is_written_for_iptables()
    {
        var facts = Tables.Of(
            _inUse,
            new Load(TrafficClass.SynSent, 18_000) { Sources = ["2001:db8::7"], Destination = "2001:db8::2", Port = 80, New = 4000 });
        Assert.Equal(
            "ip6tables -t raw -I PREROUTING -s 2001:db8::7 -d 2001:db8::2 -p tcp --dport 80 --syn -j DROP",
            Only(facts with { Rules = new RuleFacts { HasNft = false } }).Now[0].Run);
    }

    [Theory]
    [InlineData(false, 1000, true)]
    [InlineData(true, 1000, true)]
    [InlineData(true, 100_000, false)]
    public void A_flood_of_everybody_to_a_service_is_held_left_out_of_tracking_or_nothing_here_helps(
        bool translated, long perSecond, bool sufficient)
    {
        var facts = Tables.Of(
            _inUse,
            new Load(TrafficClass.UdpReplied, 200) { Destination = "10.0.5.4", Port = 27015, Translated = translated },
            new Load(TrafficClass.UdpUnreplied, 18_000)
            {
                Destination = "10.0.5.4",
                Port = 27015,
                New = perSecond,
                Translated = translated,
            });
        var finding = Only(facts with { NodeMemoryBytes = 256L << 20 });
        Assert.Equal((Cause.UdpFlood, sufficient), (finding.Cause, finding.Sufficient));
        Assert.DoesNotContain(" drop", Runs(finding), StringComparison.Ordinal);
        Assert.Equal(sufficient, finding.Enough!.Suffices);
    }

    [Fact]
    public void A_network_of_forged_sources_is_dropped_whole_unless_somebody_in_it_is_served()
    {
        var flood = new Load(TrafficClass.UdpUnreplied, 18_000)
        {
            Network = "198.18.0.0/15",
            Destination = "10.0.5.4",
            Port = 27015,
            New = 6000,
        };
        var served = new Load(TrafficClass.UdpReplied, 200) { Sources = ["198.18.0.9"], Destination = "10.0.5.4", Port = 27015 };
        Assert.Contains(
            "ip saddr 198.18.0.0/15 ip daddr 10.0.5.4 udp dport 27015 drop", Runs(Only(Tables.Of(_inUse, flood))),
            StringComparison.Ordinal);
        Assert.DoesNotContain(" drop", Runs(Only(Tables.Of(_inUse, flood, served))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4789)]
    [InlineData(8472)]
    [InlineData(6081)]
    [InlineData(51820)]
    public void A_tunnel_is_left_out_of_tracking_and_never_blocked(int port)
    {
        var finding = Only(
            Tables.Of(
                _inUse,
                new Load(TrafficClass.UdpUnreplied, 18_500) { Sources = ["10.0.0.2"], Destination = "10.0.0.1", Port = port, New = 2000 }));
        Assert.Contains("notrack", finding.Now[0].Run, StringComparison.Ordinal);
        Assert.Contains("hook output", finding.Now[0].Run, StringComparison.Ordinal);
        Assert.DoesNotContain(" drop", Runs(finding), StringComparison.Ordinal);
    }

    [Fact]
    public void Translated_names_get_a_time_out_of_their_own_and_are_never_left_out_of_tracking()
    {
        var finding = Only(
            Tables.Of(
                _inUse,
                new Load(TrafficClass.UdpReplied, 18_000) { Destination = "10.96.0.10", Port = 53, New = 1500, Translated = true }));
        Assert.Contains(
            "ct timeout dns_ip { protocol udp; l3proto ip; policy = { unreplied : 10, replied : 10 }; }", finding.Now[0].Run,
            StringComparison.Ordinal);
        Assert.DoesNotContain("notrack", Runs(finding), StringComparison.Ordinal);
        Assert.True(finding.Enough!.Suffices);
    }

    [Theory]
    [InlineData(20_480, 15)]
    [InlineData(40_000, 15)]
    [InlineData(262_144, 10)]
    public void Where_there_are_many_buckets_for_the_limit_room_is_left_for_names_that_have_expired(long buckets, long seconds)
    {
        var load = new Load(TrafficClass.UdpReplied, 18_500) { Destination = "10.96.0.10", Port = 53, New = 1000, Translated = true };
        var finding = Only(Tables.Of(_inUse, load) with { Buckets = buckets });
        Assert.Equal((seconds, true), (finding.Enough!.Seconds, finding.Sufficient));
        Assert.Contains($"unreplied : {seconds}, replied : {seconds} ", finding.Now[0].Run, StringComparison.Ordinal);
    }

    [Fact]
    public void A_leak_is_held_before_it_is_flushed_and_only_what_was_quiet_is_deleted()
    {
        var finding = Only(
            Tables.Of(
                _inUse,
                new Load(TrafficClass.Established, 18_900)
                {
                    Sources = ["10.0.1.2"],
                    Destination = "10.0.5.1",
                    Port = 5432,
                    New = 800,
                    Idle = (79, 60),
                    SpeakingPercent = 0,
                }));
        Assert.Contains(
            "ip saddr 10.0.1.2 ip daddr 10.0.5.1 tcp dport 5432 ct state new ct count over", finding.Now[0].Run, StringComparison.Ordinal);
        Assert.Equal(
            "kubectl-conntrack host flush --protocol tcp --state ESTABLISHED --source 10.0.1.2 --destination 10.0.5.1 --dport 5432 "
                + "--idle-for 1m --yes", finding.Now[1].Run);
        Assert.Equal(new Bounds(14_931, 14_931), finding.Frees);
    }

    [Theory]
    [InlineData(64L << 30, "table.size.entries", "65536")]
    [InlineData(128L << 20, "table.size.entries", "33792")]
    [InlineData(40L << 20, null, null)]
    public void A_larger_table_stays_within_the_memory_limit_or_says_what_to_raise(long memory, string? field, string? value)
    {
        var finding = Only(Tables.Of(new Load(TrafficClass.Established, 18_500)) with { NodeMemoryBytes = memory });
        Assert.Equal((Cause.TableTooSmall, field, value), (finding.Cause, finding.Field, finding.Value));
        Assert.Equal(field is not null, finding.Sufficient);
    }

    [Fact]
    public void Where_the_memory_limit_is_what_keeps_a_table_small_the_least_that_lets_it_grow_is_advised()
    {
        var finding = Only(
            Tables.Of(new Load(TrafficClass.Established, 18_500)) with
            {
                NodeMemoryBytes = 117L << 20,
                MemoryLimitPercent = 5,
            });
        Assert.Equal("table.memoryLimitPercent", finding.Field);
        var percent = int.Parse(finding.Value!, System.Globalization.CultureInfo.InvariantCulture);
        var needed = TableSizing.MemoryBytes(65_536, 65_536, TableSizing.BytesPerEntry);
        Assert.InRange(needed, TableSizing.Share(117L << 20, percent - 1) + 1, TableSizing.Share(117L << 20, percent));
        Assert.Contains(
            "\n  table:\n    memoryLimitPercent: " + finding.Value + "\n    size:\n      entries: 65536\n", finding.Now[0].Yaml,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_is_not_applied_over_the_one_in_force()
    {
        var facts = Tables.Of(_inUse, new Load(TrafficClass.TimeWait, 18_500) { Destination = "10.0.5.5", Port = 80, Idle = (60, 60) });
        var step = Only(facts with { Target = new AdviceTarget("kubectl-conntrack", HasPlan: true) }).Now[0];
        Assert.Equal("sysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait=10", step.Run);
        Assert.Contains("timeWait: 10s", step.Yaml, StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_node_of_a_cluster_flushes_and_policies_are_the_clusters()
    {
        var facts = Tables.Of(_inUse, new Load(TrafficClass.TimeWait, 18_500) { Destination = "10.0.5.5", Port = 80, Idle = (60, 60) });
        var finding = Only(facts with { Target = new AdviceTarget("kubectl conntrack", "node-7") });
        Assert.Equal("kubectl conntrack flush --node node-7 --protocol tcp --state TIME_WAIT --state CLOSE --yes", finding.Now[1].Run);
        Assert.StartsWith("kubectl apply -f - <<'EOF'\n", finding.Now[0].Run, StringComparison.Ordinal);
        Assert.Contains("kubernetes.io/hostname: node-7\n", finding.Now[0].Yaml, StringComparison.Ordinal);

        // Pasted as one, the flush must not come before the agent has set the time-out.
        Assert.EndsWith(
            "\nEOF\nkubectl wait --for=condition=Ready conntrackpolicy/advice-node-7 --timeout=2m", finding.Now[0].Run,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Buckets_are_advised_for_the_entries_of_all_namespaces_and_theirs_are_named()
    {
        var facts = Tables.Of(_inUse) with
        {
            Limit = 100_000,
            Buckets = 16_384,
            Rates = new RateFacts { ChainTooLong = 90 },
            Namespaces =
            [
                new NamespaceFacts { Inode = 4026532320, Entries = 60_000, Limit = 100_000, Pid = 8, Process = "proxy" },
                new NamespaceFacts { Inode = 4026532321, Entries = 80_000, Limit = 100_000, Pod = "web" },
                new NamespaceFacts { Inode = 4026532323, Entries = 500, Limit = 100_000, Name = "lab" },
                new NamespaceFacts { Inode = 4026532322, Entries = 0, Limit = 100_000, Name = "empty" },
            ],
        };
        var finding = Only(facts);
        Assert.Equal((Cause.ChainsTooLong, "table.buckets", "141824"), (finding.Cause, finding.Field, finding.Value));
        Assert.StartsWith("141,500 entries in 16,384 buckets: about 17.3 in each chain", finding.Seen[0], StringComparison.Ordinal);
        Assert.Contains("140,500 of them are other network namespaces'", finding.Seen[1], StringComparison.Ordinal);
        Assert.Contains("80,000 of pod web, 60,000 of proxy (pid 8) and 500 of namespace lab", finding.Seen[1], StringComparison.Ordinal);
        Assert.Contains("shared by all network namespaces of the machine", finding.Because, StringComparison.Ordinal);
        Assert.Equal(
            [("Namespace", "pod web", 80_000L), ("Namespace", "proxy (pid 8)", 60_000L), ("Namespace", "lab", 500L)],
            finding.Who.Select(who => (who.Role, who.Name!, who.Entries!.Value)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Long_chains_are_not_laid_to_this_namespace_where_others_were_not_looked_at(bool looked)
    {
        var finding = Only(
            Tables.Of(_inUse) with { Buckets = 1024, Rates = new RateFacts { ChainTooLong = 90 }, NamespacesLooked = looked });
        Assert.Equal("20480", finding.Value);
        Assert.Equal(looked ? 0 : 1, finding.NotKnown.Count);
    }

    [Fact]
    public void The_range_of_a_translating_rule_is_widened_by_the_same_rule_before_it()
    {
        var rule = new TranslationRule(
            "-A POSTROUTING -j MASQUERADE --to-ports 20000-21999", 20_000, 21_999,
            "iptables -t nat -I POSTROUTING -j MASQUERADE --to-ports 1024-65535");
        var facts = Tables.Of(_inUse);
        var finding = Only(facts with
        {
            IsSample = true,
            Rules = new RuleFacts { Translations = [rule] },
            Rates = new RateFacts { LostInRaces = 60 },
            Traffic =
            [
                .. facts.Traffic,
                new TrafficFacts
                {
                    View = TrafficView.Translation,
                    Class = TrafficClass.Other,
                    Protocol = "tcp",
                    Source = "192.0.2.1",
                    Destination = "10.84.0.2",
                    Port = 443,
                    Entries = new Bounds(1950, 1990),
                    TranslatedPorts = (20_000, 21_998),
                },
            ],
        });
        Assert.Equal(
            (Cause.NatPortsExhausted, AdviceSeverity.Critical, Confidence.Certain), (finding.Cause, finding.Severity, finding.Confidence));
        Assert.Equal(rule.Widen, finding.Now[0].Run);
    }

    [Fact]
    public void Full_in_is_told_from_todays_growth() =>
        Assert.Equal(
            100, Adviser.Advise(Tables.Of(new Load(TrafficClass.Established, 10_000)) with { GrowthPerSecond = 100 }).FullInSeconds);

    [Fact]
    public void Nothing_to_say_is_no_text() => Assert.Null(AdviceText.Summary([]));

    [Fact]
    public void Policies_that_are_advised_one_after_another_name_each_field_once_and_never_a_smaller_table()
    {
        Assert.Equal(
            [("timeouts.tcp.established", "2h4m"), ("table.size.entries", "262144"), ("timeouts.tcp.closeWait", "1m")],
            Commands.Together(
                [("timeouts.tcp.established", "2h4m"), ("timeouts.tcp.established", "2h4m"), ("table.size.entries", "262144")],
                [("timeouts.tcp.closeWait", "1m"), ("table.size.entries", "65536")]));
        Assert.Equal(
            [("table.size.entries", "65536"), ("table.buckets", "65536")],
            Commands.Together([("table.size.entries", "65536")], [("table.buckets", "40960")]));
        Assert.Equal(
            [("table.buckets", "131072"), ("table.size.entries", "65536")],
            Commands.Together([("table.buckets", "131072")], [("table.size.entries", "65536")]));
    }

    [Fact]
    public void Two_leaks_and_a_third_cause_are_advised_a_policy_that_can_be_applied()
    {
        Load Leak(string source, string place) => new(TrafficClass.Established, 6_000)
        {
            Sources = [source],
            Destination = place,
            Port = 5432,
            Idle = (100, 90_000),
            SilentPercent = 100,
        };
        var facts = Tables.Of(
            Leak("10.0.7.7", "10.0.5.3"), Leak("10.0.7.8", "10.0.5.4"),
            new Load(TrafficClass.CloseWait, 6_000) { Sources = ["10.0.7.9"], Destination = "10.0.5.5", Port = 80, Idle = (100, 3000) });
        var all = Adviser.Advise(facts).Findings.SelectMany(finding => finding.Now).ToList();
        var steps = all.Where(step => step.Yaml is not null).ToList();
        Assert.True(steps.Count >= 3, $"{steps.Count} policies");
        Assert.All(steps, step =>
        {
            var lines = step.Yaml!.Split('\n')
                .Select(line => line.Split(':')[0]).Where(line => line.StartsWith("      ", StringComparison.Ordinal));
            Assert.Equal(lines.Distinct(), lines);
        });
        Assert.Contains("established:", steps[^1].Yaml, StringComparison.Ordinal);

        // The second leak's flush is by idle times, which the policy against the first one hides.
        var flushes = all.Where(step => step.Run?.Contains("--idle-for", StringComparison.Ordinal) == true).ToList();
        Assert.Equal(
            [false, true, false], flushes.Select(step => step.What.StartsWith("Before the policy above", StringComparison.Ordinal)));
    }
}
