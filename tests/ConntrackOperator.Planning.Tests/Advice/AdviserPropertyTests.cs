using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Formatting;
using ConntrackOperator.Planning.Settings;
using ConntrackOperator.Planning.Sizing;
using CsCheck;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Advice;

/// <summary>What holds for any facts.</summary>
public class AdviserPropertyTests
{
    private static readonly Cause[] _noMatterOfRoom = [
        Cause.NatPortsExhausted, Cause.OtherNamespaceFull, Cause.ChainsTooLong, Cause.LostRaces];
    private static readonly Cause[] _floods = [
        Cause.SynFloodUnanswered, Cause.SynFloodAnswered, Cause.UdpFlood, Cause.IcmpFlood, Cause.OtherFlood, Cause.Scan];
    private static readonly string[] _addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1"];
    private static readonly int?[] _ports = [null, 53, 80, 443, 4789, 6081, 8472, 51820, 5432];

    private static readonly Gen<Load> _load = Gen.Select(
        Gen.Int[0, 12], Gen.Frequency((2, Gen.Long[0, 4_000]), (1, Gen.Long[0, 20_000])), Gen.Int[0, 15],
        Gen.Int[0, _addresses.Length - 1], Gen.Int[0, _ports.Length - 1],
        Gen.Select(
            Gen.Long[0, 8_000], Gen.Double[0, 100], Gen.Long[0, 500_000], Gen.Bool, Gen.Int[1, 250], Gen.OneOf<double?>(null, 0, 90)))
        .Select((kind, entries, sources, destination, port, more) => new Load((TrafficClass)kind, entries)
        {
            Sources = [.. _addresses.Where((_, i) => (sources & (1 << i)) != 0)],
            Network = sources == 0 ? "198.18.0.0/16" : null,
            Destination = _addresses[destination],
            Port = _ports[port],
            New = more.Item1,
            Idle = (more.Item2, more.Item3),
            Translated = more.Item4,
            Hosts = more.Item5,
            Ports = more.Item5,
            SilentPercent = more.Item6,
            SpeakingPercent = more.Item6 is null ? more.Item2 / 20 : null,
        });

    private static readonly Gen<double> _rate = Gen.Frequency((3, Gen.Const(0.0)), (1, Gen.Double[0, 300_000]));

    private static readonly Gen<TableFacts> _facts = Gen.Select(
        _load.Array[0, 6],
        Gen.Frequency((6, Gen.Long[1_000, 30_000]), (1, Gen.Const(0L))),
        Gen.Select(_rate, _rate, _rate, _rate, _rate),
        Gen.Select(Gen.Long[0, 1L << 34], Gen.Int[1, 90], Gen.Double[0, 3]),
        Gen.Select(Gen.Int[0, 2], Gen.Long[0, 30_000], Gen.Bool))
        .Select((loads, limit, rates, table, other) => Tables.Of(loads) with
        {
            Limit = limit,
            Rates = new RateFacts
            {
                LostForWant = rates.Item1,
                LostInRaces = rates.Item2,
                EarlyDrops = rates.Item3,
                ChainTooLong = rates.Item4,
                Invalid = rates.Item5,
            },
            NodeMemoryBytes = table.Item1,
            MemoryLimitPercent = table.Item2,
            ErrorBoundPercent = table.Item3,
            Rules =
                other.Item1 switch
                {
                    0 => RuleFacts.NotKnown,
                    1 => new RuleFacts { HasNft = false, DropsInvalid = false },
                    _ =>
                    new RuleFacts { DropsInvalid = true, DropsInvalidRule = "x" }
                },
            Namespaces = [
                new NamespaceFacts
                {
                    Inode = 7,
                    Entries = other.Item2,
                    Limit = limit == 0 ? null : limit,
                    DropsPerMinute = rates.Item1,
                    Name = "pod",
                }],
            Traffic = other.Item3 ? [.. Tables.Of(loads).Traffic, Translation(loads)] : Tables.Of(loads).Traffic,
        });

    private static long PowerOfTwoIn(string yaml) =>
        long.Parse(Regex.Match(yaml, @"entries: (\d+)").Groups[1].Value, CultureInfo.InvariantCulture);

    private static TrafficFacts Translation(Load[] loads) => new()
    {
        View = TrafficView.Translation,
        Class = TrafficClass.Other,
        Protocol = "tcp",
        Source = "192.0.2.1",
        Destination = "10.0.0.1",
        Port = 443,
        Entries = new Bounds(loads.Sum(load => load.Entries), loads.Sum(load => load.Entries)),
        TranslatedPorts = (1024, 12_000),
    };

    [Fact]
    public void A_setting_comes_before_the_flush_except_where_that_goes_by_an_idle_time_that_the_setting_would_hide()
    {
        int before = 0, after = 0;
        _facts.Sample(
            facts =>
            {
                foreach (var now in Adviser.Advise(facts).Findings.Select(finding => finding.Now.ToList()))
                {
                    var setting = now.FindIndex(step => step.Yaml is not null);
                    var flush = now.FindIndex(step => step.Run?.Contains(" flush ", StringComparison.Ordinal) == true);
                    if (setting >= 0 && flush >= 0)
                    {
                        var byIdleTime = now[flush].Run!.Contains("--idle-for", StringComparison.Ordinal);
                        Assert.Equal(byIdleTime, flush < setting);
                        _ = byIdleTime ? Interlocked.Increment(ref after) : Interlocked.Increment(ref before);
                    }
                }
            }, iter: 20_000);
        Assert.True(before > 0 && after > 0, $"{before} and {after} findings with both");
    }

    [Fact]
    public void Random_tables_reach_every_cause()
    {
        var seen = new ConcurrentDictionary<Cause, int>();
        _facts.Sample(
            facts =>
            {
                foreach (var finding in Adviser.Advise(facts).Findings)
                {
                    seen[finding.Cause] = 1;
                }
            },
            iter: 10_000);
        Assert.Empty(Enum.GetValues<Cause>().Except(seen.Keys));
    }

    [Fact]
    public void No_finding_about_room_is_more_severe_than_the_pressure() => _facts.Sample(
        facts =>
        {
            var usage = facts.Limit > 0 ? facts.Entries * 100.0 / facts.Limit : 0;
            var most = facts.Rates.LostForWant > 0 || usage >= 90
                ? AdviceSeverity.Critical : usage >= 75 ? AdviceSeverity.Warning : AdviceSeverity.Hint;
            Assert.All(
                Adviser.Advise(facts).Findings.Where(f => !_noMatterOfRoom.Contains(f.Cause)),
                f => Assert.True(f.Severity <= most, f.Text));
        },
        iter: 4_000);

    [Fact]
    public void No_entry_is_explained_twice() => _facts.Sample(
        facts => Assert.InRange(
            Adviser.Advise(facts).Findings.Where(f => !_noMatterOfRoom.Contains(f.Cause) && f.Cause != Cause.Unclear)
                .Sum(f => f.Cause is Cause.LeakingClient or Cause.IdleConnections or Cause.TableTooSmall ? f.Entries.Middle : 0),
            0,
            facts.Entries),
        iter: 4_000);

    [Fact]
    public void No_two_findings_contradict_each_other() => _facts.Sample(
        facts =>
        {
            var findings = Adviser.Advise(facts).Findings;

            // A table that is too small by itself is not at the same time one that another cause fills.
            Assert.False(
                findings.Any(f => f.Cause == Cause.Unclear)
                    && findings.Any(f => !_noMatterOfRoom.Contains(f.Cause) && f.Cause != Cause.Unclear));
            Assert.False(
                findings.Any(f => f.Cause == Cause.NatPortsExhausted && f.Severity == AdviceSeverity.Critical)
                    && findings.Any(f => f.Cause == Cause.LostRaces));
            Assert.False(findings.Any(f => f.Cause == Cause.AsymmetricRouting) && findings.Any(f => f.Cause == Cause.SynFloodUnanswered));

            // One field, one value.
            Assert.All(
                findings.Where(f => f.Field?.StartsWith("timeouts.", StringComparison.Ordinal) == true).GroupBy(f => f.Field),
                fields => Assert.Single(fields.Select(f => f.Value).Distinct()));
        },
        iter: 4_000);

    [Fact]
    public void A_tunnel_is_never_dropped_and_nothing_is_dropped_but_for_floods_and_leaks() => _facts.Sample(
        facts => Assert.All(Adviser.Advise(facts).Findings, f =>
        {
            var runs = string.Join('\n', f.Now.Select(step => step.Run));
            var drops = runs.Contains(" drop\n", StringComparison.Ordinal) || runs.Contains("-j DROP", StringComparison.Ordinal);
            Assert.False(drops && !_floods.Contains(f.Cause) && f.Cause != Cause.LeakingClient, f.Text);
            Assert.False(
                drops
                    && ((string[])["4789", "8472", "6081", "51820"]).Any(
                        port => runs.Contains($"udp dport {port} drop", StringComparison.Ordinal)
                            || runs.Contains($"-p udp --dport {port} -j DROP", StringComparison.Ordinal)), runs);
        }),
        iter: 4_000);

    [Fact]
    public void An_advised_time_out_is_shorter_than_the_one_there_is_and_not_below_its_floor() => _facts.Sample(
        facts =>
            Assert.All(Adviser.Advise(facts).Findings.Where(f => f.Field?.StartsWith("timeouts.", StringComparison.Ordinal) == true), f =>
        {
            var sysctl = SettingCatalog.ByPath[f.Field!].Sysctl;
            Assert.True(KubeDuration.TryParse(f.Value, out var seconds, out _));
            Assert.True(seconds >= TimeoutFloors.Floor(sysctl), f.Text);
            Assert.True(seconds < facts.States.Where(state => state.Sysctl == sysctl).Max(state => state.TimeoutSeconds), f.Text);
        }),
        iter: 4_000);

    [Fact]
    public void A_table_that_is_advised_fits_into_the_memory_limit_and_is_larger_than_the_one_there_is() => _facts.Sample(
        facts => Assert.All(Adviser.Advise(facts).Findings.Where(f => f.Field is "table.size.entries" or "table.buckets"), f =>
        {
            var value = long.Parse(f.Value!, CultureInfo.InvariantCulture);
            var (entries, buckets) = f.Field == "table.buckets"
                ? (Math.Max(facts.Entries, facts.Limit), value) : (value, Math.Max(value, facts.Buckets));
            Assert.True(value > (f.Field == "table.buckets" ? facts.Buckets : facts.Limit));
            Assert.True(
                facts.NodeMemoryBytes == 0
                || TableSizing.MemoryBytes(entries, buckets, TableSizing.BytesPerEntry) <= TableSizing.Share(
                    facts.NodeMemoryBytes, facts.MemoryLimitPercent),
                f.Text);
        }),
        iter: 4_000);

    // Whoever pastes what is advised must not meet OverMemoryLimit.
    [Fact]
    public void A_size_that_is_advised_is_not_refused_by_the_planner() => _facts.Sample(
        facts => Assert.All(
            Adviser.Advise(facts).Findings.Where(f => f.Cause == Cause.TableTooSmall && f.Now.Count > 0 && facts.NodeMemoryBytes > 0), f =>
            {
                var raised = f.Field == "table.memoryLimitPercent";
                var size = raised ? PowerOfTwoIn(f.Now[0].Yaml!) : long.Parse(f.Value!, CultureInfo.InvariantCulture);
                var policy = new ConntrackPolicy
                {
                    Metadata = new() { Name = "advice" },
                    Spec = new PolicySpec
                    {
                        Table = new TableSpec
                        {
                            Size = new TableSizeSpec { Entries = size },
                            Buckets = size < facts.Buckets ? facts.Buckets : null,
                            MemoryLimitPercent =
                                raised ? int.Parse(f.Value!, CultureInfo.InvariantCulture) : facts.MemoryLimitPercent,
                        },
                    },
                };
                var node = new NodeFacts("n1", new Dictionary<string, string>(), 4, facts.NodeMemoryBytes);
                Assert.Null(NodePlanner.Plan(node, [policy]).Spec.Refused);
            }),
        iter: 4_000);

    [Fact]
    public void Bounds_are_in_order_and_no_more_is_freed_than_the_cause_holds() => _facts.Sample(
        facts => Assert.All(Adviser.Advise(facts).Findings, f =>
        {
            Assert.True(f.Entries.Least <= f.Entries.Most && f.Entries.Least >= 0);
            Assert.True(f.Frees is null || (f.Frees.Value.Least <= f.Frees.Value.Most && f.Frees.Value.Most <= f.Entries.Most), f.Text);
            Assert.True(f.NewPerSecond is null || f.NewPerSecond.Value.Least <= f.NewPerSecond.Value.Most);
            Assert.Equal(f.Field is null, f.Value is null);
            Assert.Equal(f.Sufficient, f.Elsewhere is null);
        }),
        iter: 4_000);

    [Fact]
    public void The_same_facts_in_any_order_give_the_same_findings_the_most_severe_first() => _facts.Sample(
        facts =>
        {
            var report = Adviser.Advise(facts);
            var turned = Adviser.Advise(facts with { States = [.. facts.States.Reverse()] });
            Assert.Equal(JsonSerializer.Serialize(report), JsonSerializer.Serialize(turned));
            Assert.Equal(report.Findings.Select(f => f.Severity).OrderDescending(), report.Findings.Select(f => f.Severity));
            Assert.All(report.Findings, f => Assert.DoesNotContain('\n', f.Text));
        },
        iter: 2_000);
}
