using ConntrackOperator.Planning.Advice;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Advice;

public class AdviserTests
{
    private static AdviceItem Only(TableFacts facts) => Assert.Single(Adviser.Advise(facts));

    private static AdviceItem Only(TableFacts facts, AdviceKind kind) => Assert.Single(Adviser.Advise(facts), item => item.Kind == kind);

    [Fact]
    public void A_table_with_room_and_no_losses_gets_no_advice_whatever_fills_it() => Assert.Empty(Adviser.Advise(
        Tables.Of(499_999, Tables.EstablishedIdle(499_999, 499_999, 400_000)) with
        {
            UnrepliedPercent = 100,
            TopUnrepliedSources = [new("10.0.0.1", 100)],
            TcpDestinations = [new("10.0.0.2", 5432, "CLOSE_WAIT", 90)],
        }));

    [Fact]
    public void An_empty_table_of_unknown_size_gets_no_advice() => Assert.Empty(Adviser.Advise(new TableFacts { Entries = 0, Limit = 0, Buckets = 0, NodeMemoryBytes = 0 }));

    [Fact]
    public void Idle_established_entries_ask_for_a_shorter_time_out_and_a_flush()
    {
        var item = Only(Tables.Of(805_000, Tables.EstablishedIdle(700_000, 612_345, 7300)));
        Assert.Equal(
            "76% of entries are ESTABLISHED and idle for over 2h: timeouts.tcp.established 2h would free about 612,000;"
            + " entries that are there keep their old time-out until their next packet, so flush those idle for 2h",
            item.Text);
        Assert.Equal(("timeouts.tcp.established", "2h", 612_345L), (item.Field, item.Value, item.EntriesFreed));
        Assert.Equal((AdviceKind.ShorterTimeout, AdviceSeverity.Warning), (item.Kind, item.Severity));
    }

    [Fact]
    public void The_longest_time_out_that_frees_about_as_much_is_advised() =>
        Assert.Equal("48h", Only(Tables.Of(600_000, Tables.EstablishedIdle(600_000, 500_000, 300_000))).Value);

    [Fact]
    public void A_short_time_out_needs_no_flush() => Assert.Equal(
        "66% of entries are TIME_WAIT and idle for over 30s: timeouts.tcp.timeWait 30s would free about 400,000",
        Only(Tables.Of(600_000, Tables.State("tcp", "TIME_WAIT", Tables.TimeWait, 120, 500_000, 400_000, 40))).Text);

    [Theory]
    [InlineData(Tables.Established, 3600)]
    [InlineData(Tables.TimeWait, 10)]
    [InlineData(Tables.Udp, 10)]
    [InlineData("nf_conntrack_tcp_timeout_close_wait", 10)]
    public void A_time_out_at_its_floor_is_left_alone_and_one_above_comes_no_lower(string sysctl, long floor)
    {
        Assert.Empty(Adviser.Advise(Tables.Of(600_000, Tables.State("tcp", "X", sysctl, floor, 600_000, 600_000, floor))));
        Assert.Equal(KubeDuration.Format(floor), Only(Tables.Of(600_000, Tables.State("tcp", "X", sysctl, floor + 1, 600_000, 600_000, floor))).Value);
    }

    [Theory]
    [InlineData(0, 29_999, false)]
    [InlineData(0, 30_000, true)]
    [InlineData(5, 59_999, false)]
    [InlineData(5, 60_000, true)]
    public void What_frees_too_little_or_less_than_a_sample_can_tell_is_not_advised(double errorBound, long idle, bool advised) =>
        Assert.Equal(advised, Adviser.Advise(Tables.Of(600_000, Tables.EstablishedIdle(600_000, idle, 7200)) with { ErrorBoundPercent = errorBound }).Count == 1);

    [Fact]
    public void Unknown_idle_times_time_outs_and_states_without_a_field_bring_no_advice()
    {
        var idle = Tables.EstablishedIdle(600_000, 600_000, 400_000);
        Assert.Empty(Adviser.Advise(Tables.Of(600_000, idle with { IdleAtLeast = null })));
        Assert.Empty(Adviser.Advise(Tables.Of(600_000, idle with { TimeoutSeconds = null })));
        Assert.Empty(Adviser.Advise(Tables.Of(600_000, idle with { Sysctl = null })));
        Assert.Empty(Adviser.Advise(Tables.Of(600_000, idle with { Sysctl = "nf_conntrack_sctp_timeout_heartbeat_acked" })));
    }

    [Fact]
    public void States_of_one_time_out_are_taken_together()
    {
        var item = Only(Tables.Of(
            600_000,
            Tables.State("udp", "UNREPLIED", Tables.Udp, 30, 200_000, 20_000, 20),
            Tables.State("udp", "REPLIED", Tables.Udp, 30, 200_000, 25_000, 20)));
        Assert.Equal(("timeouts.udp.unreplied", "20s", 45_000L), (item.Field, item.Value, item.EntriesFreed));
    }

    [Fact]
    public void A_table_in_real_use_is_too_small()
    {
        var item = Only(Tables.Of(900_000, Tables.EstablishedIdle(900_000, 0, 0)));
        Assert.Equal(
            "the table is 90% full, and 900,000 of its 1,000,000 entries are in use whatever the time-outs: table.size.entries 2097152 would take 784Mi when full",
            item.Text);
        Assert.Equal((AdviceKind.TableTooSmall, "table.size.entries", "2097152", null), (item.Kind, item.Field, item.Value, item.EntriesFreed));
    }

    [Fact]
    public void A_table_that_shorter_time_outs_would_empty_is_not_too_small() =>
        Assert.Equal(AdviceKind.ShorterTimeout, Only(Tables.Of(900_000, Tables.EstablishedIdle(900_000, 400_000, 7200))).Kind);

    [Fact]
    public void A_table_too_small_with_idle_entries_gets_both_the_time_out_first()
    {
        var items = Adviser.Advise(Tables.Of(990_000, Tables.EstablishedIdle(990_000, 100_000, 7200)));
        Assert.Equal([AdviceKind.ShorterTimeout, AdviceKind.TableTooSmall], items.Select(item => item.Kind));
        Assert.EndsWith(" (and 1 more)", AdviceText.Summary(items), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8L << 30, "table.size.entries", "2097152")]
    [InlineData(5L << 30, "table.size.entries", "1369088")]
    [InlineData(7L << 29, "table.memoryLimitPercent", "22")]
    [InlineData(2L << 30, null, null)]
    [InlineData(0, "table.size.entries", "2097152")]
    public void A_larger_table_stays_within_the_memory_limit_or_says_what_to_raise(long memory, string? field, string? value)
    {
        var item = Only(Tables.Of(900_000) with { NodeMemoryBytes = memory });
        Assert.Equal((field, value), (item.Field, item.Value));
    }

    [Fact]
    public void A_client_that_leaks_sockets_is_named_with_where_they_go()
    {
        var item = Only(
            Tables.Of(800_000, Tables.State("tcp", "CLOSE_WAIT", "nf_conntrack_tcp_timeout_close_wait", 3600, 300_000, 290_000, 600)) with
            {
                TcpDestinations = [new("2001:db8::9", 5432, "CLOSE_WAIT", 30), new("10.0.0.1", 80, "CLOSE_WAIT", 9)],
            },
            AdviceKind.LeakingClient);
        Assert.StartsWith("30% of entries are CLOSE_WAIT to [2001:db8::9]:5432: one end has closed and the other does not", item.Text, StringComparison.Ordinal);
        Assert.Equal(("timeouts.tcp.closeWait", "10m", 232_000L), (item.Field, item.Value, item.EntriesFreed));
    }

    [Theory]
    [InlineData(400_000, 1)]
    [InlineData(100_000, 0)]
    public void Established_entries_to_one_destination_are_a_leak_only_when_they_are_idle(long idle, int leaks) => Assert.Equal(leaks, Adviser.Advise(
        Tables.Of(600_000, Tables.EstablishedIdle(500_000, idle, 86400)) with { TcpDestinations = [new("10.0.0.9", 6379, "ESTABLISHED", 60)] })
        .Count(item => item.Kind == AdviceKind.LeakingClient));

    [Fact]
    public void One_source_without_replies_is_a_flood_and_comes_first()
    {
        var items = Adviser.Advise(
            Tables.Of(980_000, Tables.State("tcp", "SYN_SENT", Tables.SynSent, 120, 500_000, 300_000, 30, unreplied: 100)) with
            {
                UnrepliedPercent = 55,
                TopSources = [new("203.0.113.7", 48), new("10.0.0.1", 30)],
                TopUnrepliedSources = [new("203.0.113.7", 45), new("10.0.0.1", 5)],
                Rates = new RateFacts { Drops = 1200 },
            });
        Assert.Equal(
            "45% of entries are from 203.0.113.7 and have had no reply, as in a flood or a scan: block that source or limit its rate;"
            + " timeouts.tcp.synSent 30s would free about 300,000",
            items[0].Text);
        Assert.Equal((AdviceKind.FloodFromOneSource, AdviceSeverity.Critical, "timeouts.tcp.synSent", "30s"), (items[0].Kind, items[0].Severity, items[0].Field, items[0].Value));
        Assert.DoesNotContain(items, item => item.Kind == AdviceKind.UnrepliedMajority);
    }

    [Fact]
    public void A_gateway_that_is_mostly_answered_is_no_flood() => Assert.DoesNotContain(
        Adviser.Advise(Tables.Of(700_000) with { UnrepliedPercent = 30, TopSources = [new("10.0.0.1", 90)], TopUnrepliedSources = [new("10.0.0.1", 30)] }),
        item => item.Kind == AdviceKind.FloodFromOneSource);

    [Fact]
    public void An_unreplied_majority_from_many_sources_is_told_apart_from_one_source()
    {
        var item = Only(
            Tables.Of(700_000, Tables.State("udp", "UNREPLIED", Tables.Udp, 30, 450_000, 10_000, 20, unreplied: 100)) with
            {
                UnrepliedPercent = 64,
                TopUnrepliedSources = [new("10.0.0.1", 2)],
            },
            AdviceKind.UnrepliedMajority);
        Assert.StartsWith("64% of entries have had no reply, spread over many sources", item.Text, StringComparison.Ordinal);
        Assert.Equal(("timeouts.udp.unreplied", "20s"), (item.Field, item.Value));
    }

    [Fact]
    public void Long_chains_are_told_apart_from_a_full_table_even_when_it_has_room()
    {
        var item = Only(Tables.Of(120_000) with { Buckets = 16_384, Rates = new RateFacts { InsertFailed = 90, ChainTooLong = 90 } });
        Assert.Equal(
            "90 entries a minute are refused because a hash chain is too long although the table is only 12% full:"
            + " table.buckets 1000448 would make the chains 61 times shorter",
            item.Text);
        Assert.Equal((AdviceKind.ChainsTooLong, AdviceSeverity.Critical), (item.Kind, item.Severity));
    }

    [Fact]
    public void Insertions_that_fail_point_to_the_chains_only_when_these_are_long()
    {
        var failing = Tables.Of(120_000) with { Rates = new RateFacts { InsertFailed = 90 } };
        Assert.Empty(Adviser.Advise(failing));
        Assert.Equal(("table.buckets", AdviceSeverity.Warning), (Only(failing with { Buckets = 16_384 }).Field, Only(failing with { Buckets = 16_384 }).Severity));
    }

    [Fact]
    public void A_table_full_of_assured_entries_says_why_packets_are_lost_and_names_its_time_out_once()
    {
        var items = Adviser.Advise(
            Tables.Of(1_000_000, Tables.EstablishedIdle(980_000, 800_000, 7200)) with { AssuredPercent = 97, Rates = new RateFacts { Drops = 1234 } });
        Assert.Equal([AdviceKind.FullOfAssured], items.Select(item => item.Kind));
        Assert.StartsWith(
            "1,234 packets a minute are dropped because the table is full and 97% of its entries are assured, which the kernel does not evict:"
            + " timeouts.tcp.established 2h would free about 800,000",
            items[0].Text,
            StringComparison.Ordinal);
        Assert.Equal(items[0].Text, AdviceText.Summary(items));
    }

    [Fact]
    public void Nothing_to_say_is_no_text() => Assert.Null(AdviceText.Summary([]));
}
