using System.Collections.Concurrent;
using System.Globalization;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Advice;
using CsCheck;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Advice;

public class AdviserPropertyTests
{
    private static readonly string?[] _sysctls = [.. SettingCatalog.Fields.Select(field => field.Sysctl).Where(name => name.Contains("_timeout", StringComparison.Ordinal)), null, "nf_conntrack_other"];
    private static readonly Gen<double> _percent = Gen.Double[0, 100];
    private static readonly Gen<double> _rate = Gen.Frequency((2, Gen.Const(0.0)), (1, Gen.Double[0, 100_000]));

    // Idle times spread evenly up to some age: what a state holds at least idle for T falls with T.
    private static readonly Gen<StateFacts> _state =
        Gen.Select(Gen.OneOf("ESTABLISHED", "CLOSE_WAIT", "UNREPLIED", ""), Gen.Int[0, _sysctls.Length - 1].Select(index => _sysctls[index]), Gen.Long[0, 1_000_000], Gen.Long[0, 1_000_000], Gen.Int[1, 500_000], _percent)
            .Select((state, sysctl, entries, timeout, age, unreplied) => new StateFacts
            {
                Protocol = "tcp",
                State = state,
                Percent = 10,
                Entries = entries,
                UnrepliedPercent = unreplied,
                Sysctl = sysctl,
                TimeoutSeconds = timeout == 0 ? null : timeout,
                IdleAtLeast = age == 1 ? null : idle => (long)(entries * Math.Max(0, 1 - (idle.TotalSeconds / age))),
            });

    private static readonly Gen<TableFacts> _facts = Gen.Select(
        Gen.Select(Gen.Long[0, 5_000_000], Gen.Frequency((1, Gen.Const(0L)), (6, Gen.Long[1, 200_000_000]), (6, Gen.Long[1024, 5_000_000])), Gen.Long[0, 5_000_000], Gen.Long[0, 1L << 36]),
        _state.Array[0, 6],
        Gen.Select(_percent, _percent, Gen.Double[0, 5], Gen.Int[1, 90]),
        Gen.Select(_rate, _rate, _rate, _rate),
        Gen.Select(_percent, _percent, _percent, Gen.OneOf("ESTABLISHED", "CLOSE_WAIT"))).Select((table, states, percents, rates, top) => new TableFacts
        {
            Entries = table.Item1,
            Limit = table.Item2,
            Buckets = table.Item3,
            NodeMemoryBytes = table.Item4,
            States = states,
            UnrepliedPercent = percents.Item1,
            AssuredPercent = percents.Item2,
            ErrorBoundPercent = percents.Item3,
            MemoryLimitPercent = percents.Item4,
            Rates = new RateFacts { Drops = rates.Item1, EarlyDrops = rates.Item2, InsertFailed = rates.Item3, ChainTooLong = rates.Item4 },
            TopSources = [new("10.0.0.1", top.Item1)],
            TopUnrepliedSources = [new("10.0.0.1", top.Item2), new("10.0.0.2", top.Item3)],
            TcpDestinations = [new("10.0.0.3", 443, top.Item4, top.Item3)],
        });

    [Fact]
    public void Random_tables_reach_every_kind_of_advice_and_every_field_of_the_table()
    {
        var seen = new ConcurrentDictionary<string, int>();
        _facts.Sample(
            facts => Assert.All(Adviser.Advise(facts), item =>
            {
                seen[item.Kind.ToString()] = 1;
                seen[item.Field ?? "none"] = 1;
            }),
            iter: 50_000);
        Assert.Empty(Enum.GetNames<AdviceKind>().Concat(["table.size.entries", "table.memoryLimitPercent", "table.buckets", "none"]).Except(seen.Keys));
    }

    [Fact]
    public void Every_value_is_one_that_its_field_of_a_policy_takes() => _facts.Sample(
        facts => Assert.All(Adviser.Advise(facts), item =>
        {
            Assert.Equal(item.Field is null, item.Value is null);
            if (item.Field is not null)
            {
                Assert.Empty(PolicyValidator.Validate(Examples.Policy("p", With(item.Field, item.Value!))));
                Assert.Contains($"{item.Field} {item.Value}", item.Text, StringComparison.Ordinal);
            }
        }),
        iter: 20_000);

    [Fact]
    public void A_table_that_is_advised_fits_into_the_memory_limit_and_is_larger_than_the_one_there_is() => _facts.Sample(
        facts => Assert.All(Adviser.Advise(facts).Where(item => item.Field is "table.size.entries" or "table.buckets"), item =>
        {
            var value = long.Parse(item.Value!, CultureInfo.InvariantCulture);
            var (entries, buckets) = item.Field == "table.buckets" ? (Math.Max(facts.Entries, facts.Limit), value) : (value, Math.Max(value, facts.Buckets));
            Assert.True(value > (item.Field == "table.buckets" ? facts.Buckets : facts.Limit));
            Assert.True(
                facts.NodeMemoryBytes == 0
                || TableSizing.MemoryBytes(entries, buckets, facts.BytesPerEntry) <= TableSizing.Share(facts.NodeMemoryBytes, facts.MemoryLimitPercent));
        }),
        iter: 20_000);

    [Fact]
    public void No_more_is_freed_than_the_states_of_that_time_out_hold() => _facts.Sample(
        facts => Assert.All(Adviser.Advise(facts), item => Assert.InRange(
            item.EntriesFreed ?? 1,
            1,
            item.EntriesFreed is null ? 1 : facts.States.Where(state => state.Sysctl == SettingCatalog.ByPath[item.Field!].Sysctl).Sum(state => state.Entries))),
        iter: 20_000);

    [Fact]
    public void An_advised_time_out_is_shorter_than_the_one_there_is_and_the_same_wherever_its_field_is_named() => _facts.Sample(
        facts =>
        {
            var timeouts = Adviser.Advise(facts).Where(item => item.Field?.StartsWith("timeouts.", StringComparison.Ordinal) == true).ToList();
            Assert.All(timeouts, item =>
            {
                Assert.True(KubeDuration.TryParse(item.Value, out var seconds, out _));
                Assert.True(seconds < facts.States.Where(state => state.Sysctl == SettingCatalog.ByPath[item.Field!].Sysctl).Max(state => state.TimeoutSeconds));
            });
            Assert.All(timeouts.GroupBy(item => item.Field), group => Assert.Single(group.Select(item => item.Value).Distinct()));
        },
        iter: 20_000);

    [Fact]
    public void Advice_is_the_same_for_the_same_facts_in_any_order_of_the_states_the_most_pressing_first() => _facts.Sample(
        facts =>
        {
            var items = Adviser.Advise(facts);
            Assert.Equal(items, Adviser.Advise(facts with { States = [.. facts.States.Reverse()] }));
            Assert.Equal(items.Select(item => item.Severity).OrderDescending(), items.Select(item => item.Severity));
            Assert.All(items, item => Assert.DoesNotContain('\n', item.Text));
        },
        iter: 10_000);

    private static PolicySpec With(string field, string value) => field switch
    {
        "table.size.entries" => new() { Table = new() { Size = new() { Entries = long.Parse(value, CultureInfo.InvariantCulture) } } },
        "table.buckets" => new() { Table = new() { Buckets = long.Parse(value, CultureInfo.InvariantCulture) } },
        "table.memoryLimitPercent" => new() { Table = new() { MemoryLimitPercent = int.Parse(value, CultureInfo.InvariantCulture) } },
        "timeouts.generic" => new() { Timeouts = new() { Generic = value } },
        "timeouts.icmp" => new() { Timeouts = new() { Icmp = value } },
        "timeouts.icmpv6" => new() { Timeouts = new() { Icmpv6 = value } },
        "timeouts.tcp.synSent" => new() { Timeouts = new() { Tcp = new() { SynSent = value } } },
        "timeouts.tcp.synReceived" => new() { Timeouts = new() { Tcp = new() { SynReceived = value } } },
        "timeouts.tcp.established" => new() { Timeouts = new() { Tcp = new() { Established = value } } },
        "timeouts.tcp.finWait" => new() { Timeouts = new() { Tcp = new() { FinWait = value } } },
        "timeouts.tcp.closeWait" => new() { Timeouts = new() { Tcp = new() { CloseWait = value } } },
        "timeouts.tcp.lastAck" => new() { Timeouts = new() { Tcp = new() { LastAck = value } } },
        "timeouts.tcp.timeWait" => new() { Timeouts = new() { Tcp = new() { TimeWait = value } } },
        "timeouts.tcp.close" => new() { Timeouts = new() { Tcp = new() { Close = value } } },
        "timeouts.udp.unreplied" => new() { Timeouts = new() { Udp = new() { Unreplied = value } } },
        "timeouts.udp.stream" => new() { Timeouts = new() { Udp = new() { Stream = value } } },
        "timeouts.gre.unreplied" => new() { Timeouts = new() { Gre = new() { Unreplied = value } } },
        "timeouts.gre.stream" => new() { Timeouts = new() { Gre = new() { Stream = value } } },
        "timeouts.sctp.established" => new() { Timeouts = new() { Sctp = new() { Established = value } } },
        _ => throw new ArgumentException($"no such field: {field}"),
    };
}
