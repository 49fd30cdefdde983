using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Flows;
using ConntrackOperator.Netfilter.Tests.Idle;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Survey;

/// <summary>What looks at made-up tables find: without a kernel, so that what an entry holds is the test's own choice.</summary>
public sealed class SurveyedEntriesTests
{
    private static readonly DateTimeOffset _start = DateTimeOffset.UnixEpoch + TimeSpan.FromDays(30);

    private readonly FakeTimeProvider _time = new(_start);
    private readonly TrafficSurvey _survey;
    private readonly IdleClock _idle = Held.Clock(new Dictionary<string, long>
    {
        [SysctlNames.TcpTimeoutEstablished] = 432_000,
        [SysctlNames.TcpTimeoutSynSent] = 120,
        [SysctlNames.UdpTimeout] = 30,
        [SysctlNames.UdpTimeoutStream] = 120,
    });

    public SurveyedEntriesTests() => _survey = new TrafficSurvey(_time);

    private static FlowCase Client(int port, uint left = 431_000) => new() { SourcePort = (ushort)port, Timeout = left };

    [Fact]
    public void What_the_look_before_had_not_is_new_and_what_was_renewed_since_speaks()
    {
        var first = Look(100, Range(100, i => Client(1000 + i)));
        Assert.Equal((100L, 0L, 0L, TimeSpan.Zero), (first.Looked, first.RateLooked, first.New, first.Between));

        _time.Advance(TimeSpan.FromSeconds(30.5));
        var second = Look(150, Range(150, i => Client(1000 + i, i < 10 ? 431_990u : 431_000)));
        Assert.Equal((150L, 150L, 50L, TimeSpan.FromSeconds(30.5)), (second.Looked, second.RateLooked, second.New, second.Between));
        var client = Group(second, TrafficView.Source);
        Assert.Equal((150L, 50L, 100L, 10L), (client.Count, client.New, client.Known, client.Speaking));
    }

    [Fact]
    public void What_may_have_been_renewed_before_the_look_before_does_not_speak()
    {
        Look(1, Client(1000));
        _time.Advance(TimeSpan.FromSeconds(30));

        // Between 29 and 32 seconds ago; and more than any known time-out left, which tells nothing.
        Assert.Equal(0, Group(Look(1, Client(1000, 432_000 - 31)), TrafficView.Source).Speaking);
        Assert.Equal(0, Group(Look(1, Client(1000, 500_000)), TrafficView.Source).Speaking);
    }

    [Fact]
    public void A_look_that_begins_again_counts_anew()
    {
        Look(2, Client(1000), Client(1001));
        _survey.Begin(_idle);
        Add(Client(1000));
        _survey.Remember(Decode(Client(1005)));
        _survey.Restart();
        Add(Client(1000));
        Add(Client(1002));
        var reading = _survey.End(2);
        Assert.Equal((2L, 2L, 1L, 0L), (reading.Looked, reading.RateLooked, reading.New, reading.OnlyRemembered));
        Assert.Equal(2, Group(reading, TrafficView.Source).Count);
    }

    [Fact]
    public void How_many_have_a_translated_source_or_destination_is_known_of_each_group()
    {
        var reading = Look(
            10, [
                .. Range(5, i => Client(1000 + i)), .. Range(3, i => Client(2000 + i) with { TranslatedDestination = "10.2.0.1" }),
                .. Range(2, i => Client(3000 + i) with { TranslatedSource = "198.51.100.1" }),
            ]);
        foreach (var view in new[] { TrafficView.Source, TrafficView.Destination, TrafficView.Port })
        {
            var group = Group(reading, view);
            Assert.Equal((view, 10L, 3L, 2L), (view, group.Count, group.DestinationTranslated, group.SourceTranslated));
        }

        // A second look counts anew.
        var again = Group(Look(1, Client(1000) with { TranslatedDestination = "10.2.0.1" }), TrafficView.Source);
        Assert.Equal((1L, 1L, 0L), (again.Count, again.DestinationTranslated, again.SourceTranslated));
    }

    [Fact]
    public void A_destination_is_translated_by_its_address_or_its_port_alone()
    {
        Assert.False(Decode(Client(1000)).IsDestinationTranslated);
        Assert.True(Decode(Client(1000) with { TranslatedDestination = "10.2.0.1" }).IsDestinationTranslated);
        Assert.True(Decode(Client(1000) with { TranslatedPort = 7 }).IsSourceTranslated);
        Assert.False(Decode(Client(1000) with { TranslatedPort = 7 }).IsDestinationTranslated);
        Assert.False(Decode(Client(1000) with { TranslatedDestination = "10.2.0.1" }).IsSourceTranslated);
    }

    [Fact]
    public void After_forgetting_nothing_is_new()
    {
        Look(1, Client(1000));
        _survey.Forget();
        var reading = Look(1, Client(1001));
        Assert.Equal(
            (0L, 0L, TimeSpan.Zero, 0L), (reading.RateLooked, reading.New, reading.Between, Group(reading, TrafficView.Source).New));
    }

    [Fact]
    public void What_was_only_remembered_is_known_to_the_next_look()
    {
        _survey.Begin(_idle);
        Add(Client(1000));
        Assert.True(_survey.Remember(Decode(Client(1001))));
        Assert.Equal((1L, 1L), (_survey.End(2).Looked, _survey.Latest!.OnlyRemembered));
        Assert.Equal(1, Look(3, Client(1000), Client(1001), Client(1002)).New);
    }

    [Fact]
    public void No_more_is_remembered_or_compared_than_there_is_room_for()
    {
        const int More = 100;
        Look(TrafficSurvey.Remembered, [.. Many(TrafficSurvey.Remembered)]);
        _survey.Begin(_idle);
        foreach (var entry in Many(TrafficSurvey.Remembered - 1))
        {
            Add(entry);
        }

        Assert.False(_survey.Remember(Decode(Client(60_001))));
        for (var i = 0; i < More; i++)
        {
            Assert.False(_survey.Remember(Decode(Client(60_002 + i))));
        }

        var reading = _survey.End(TrafficSurvey.Remembered);
        Assert.Equal(
            (TrafficSurvey.Remembered - 1L, More + 1L, (long)TrafficSurvey.Compared, 0L),
            (reading.Looked, reading.OnlyRemembered, reading.RateLooked, reading.New));
    }

    [Theory]
    [InlineData(100_000, 89_999, 0)]
    [InlineData(100_000, 90_000, 1)]
    [InlineData(60_000, 10, 1)]
    public void A_table_that_lost_many_entries_is_not_compared_unless_all_of_it_was_remembered(long before, long now, long compared)
    {
        Look(before, Client(1000));
        _time.Advance(TimeSpan.FromSeconds(10));
        var reading = Look(now, Client(1000));
        Assert.Equal((compared, TimeSpan.FromSeconds(10 * compared)), (reading.RateLooked, reading.Between));
    }

    [Theory]
    [InlineData(2, 1, 1, 0)]
    [InlineData(3, 1, 0, 1)]
    [InlineData(2, 2, 0, 1)]
    public void Counters_tell_whether_anything_was_sent_since_the_opening(ulong sent, ulong answered, int silent, int spoken)
    {
        _survey.Begin(_idle);
        var flow = Decode(Client(1000));
        flow.OriginalTotals = new FlowCounters(sent, 100);
        flow.ReplyTotals = new FlowCounters(answered, 100);
        flow.Fields |= FlowFields.OriginalCounters | FlowFields.ReplyCounters;
        _survey.Add(flow);
        var group = Group(_survey.End(1), TrafficView.Source);
        Assert.Equal((true, silent, spoken), (_survey.Latest!.KnowsSilence, (int)group.Silent, (int)group.Spoken));
    }

    [Theory]
    [InlineData(1000, 1, 0)]
    [InlineData(1005, 0, 1)]
    public void So_does_the_time_at_which_it_began(int secondsAgo, int silent, int spoken)
    {
        // Idle for 998 seconds at least.
        var began = (_start - TimeSpan.FromSeconds(secondsAgo) - DateTimeOffset.UnixEpoch).TotalSeconds * 1e9;
        var group = Group(Look(1, Client(1000, 431_000) with { Start = (ulong)began }), TrafficView.Source);
        Assert.Equal((true, silent, spoken), (_survey.Latest!.KnowsSilence, (int)group.Silent, (int)group.Spoken));
    }

    [Fact]
    public void Without_counters_and_starts_and_for_other_protocols_silence_is_not_known()
    {
        var reading = Look(2, Client(1000), new FlowCase { Protocol = 17, Timeout = 25, Start = 1 });
        Assert.False(reading.KnowsSilence);
        Assert.All(reading.Groups, g => Assert.Equal((0L, 0L), (g.Silent, g.Spoken)));
    }

    [Theory]
    [InlineData(6, 1, FlowStatus.None, TrafficClass.SynSent)]
    [InlineData(6, 9, FlowStatus.None, TrafficClass.SynSent)]
    [InlineData(6, 2, FlowStatus.SeenReply, TrafficClass.SynReceived)]
    [InlineData(6, 3, FlowStatus.None, TrafficClass.OneWay)]
    [InlineData(6, 7, FlowStatus.None, TrafficClass.OneWay)]
    [InlineData(6, 3, FlowStatus.SeenReply, TrafficClass.Established)]
    [InlineData(6, 0, FlowStatus.SeenReply, TrafficClass.Established)]
    [InlineData(6, 5, FlowStatus.SeenReply, TrafficClass.CloseWait)]
    [InlineData(6, 7, FlowStatus.SeenReply, TrafficClass.TimeWait)]
    [InlineData(6, 4, FlowStatus.SeenReply, TrafficClass.Closing)]
    [InlineData(6, 6, FlowStatus.SeenReply, TrafficClass.Closing)]
    [InlineData(6, 8, FlowStatus.SeenReply, TrafficClass.Closing)]
    [InlineData(17, 0, FlowStatus.SeenReply | FlowStatus.Assured, TrafficClass.UdpStream)]
    [InlineData(17, 0, FlowStatus.None, TrafficClass.UdpUnreplied)]
    [InlineData(17, 0, FlowStatus.SeenReply, TrafficClass.UdpReplied)]
    [InlineData(136, 0, FlowStatus.SeenReply, TrafficClass.UdpReplied)]
    [InlineData(1, 0, FlowStatus.None, TrafficClass.Icmp)]
    [InlineData(58, 0, FlowStatus.SeenReply, TrafficClass.Icmp)]
    [InlineData(47, 0, FlowStatus.None, TrafficClass.OtherUnreplied)]
    [InlineData(50, 0, FlowStatus.SeenReply, TrafficClass.Other)]
    public void Each_entry_has_its_class(byte protocol, byte state, FlowStatus status, TrafficClass expected) =>
        Assert.Equal(expected, TrafficSurvey.ClassOf(Held.Flow(protocol, state, 100, status)));

    [Fact]
    public void An_entry_counts_in_each_view_that_it_belongs_to()
    {
        var reading = Look(1, new FlowCase
        {
            Source = "10.1.2.3",
            Destination = "192.0.2.9",
            SourcePort = 5000,
            DestinationPort = 443,
            TranslatedSource = "198.51.100.1",
        });
        var groups = reading.Groups.ToDictionary(g => g.View);
        Assert.Equal(7, groups.Count);
        Assert.All(groups.Values, g => Assert.Equal(
            (1L, 1L, 0L, 1, 1, 1), (g.Count, g.SourceTranslated, g.DestinationTranslated, g.Sources, g.Destinations, g.Ports)));
        Assert.Equal(
            (null, null, TrafficClass.Established),
            (groups[TrafficView.Class].Source, groups[TrafficView.Class].Destination, groups[TrafficView.Class].Class));
        Assert.Equal(
            ("10.1.2.3", null, 0),
            (groups[TrafficView.Source].Source.ToString(), groups[TrafficView.Source].Destination, groups[TrafficView.Source].Port));
        Assert.Equal(("10.1.2.3", 32, null), (
            groups[TrafficView.SourceNetwork].Source.ToString(), groups[TrafficView.SourceNetwork].PrefixLength,
            groups[TrafficView.SourceNetwork].Destination));
        Assert.Equal((null, "192.0.2.9", (ushort)443, (byte)6), (
            groups[TrafficView.Destination].Source, groups[TrafficView.Destination].Destination.ToString(),
            groups[TrafficView.Destination].Port, groups[TrafficView.Destination].Protocol));
        Assert.Equal(
            ("10.1.2.3", "192.0.2.9"), (groups[TrafficView.Pair].Source.ToString(), groups[TrafficView.Pair].Destination.ToString()));
        Assert.Equal(
            (null, null, (ushort)443),
            (groups[TrafficView.Port].Source, groups[TrafficView.Port].Destination, groups[TrafficView.Port].Port));
        Assert.Equal(
            ("198.51.100.1", "192.0.2.9", (ushort)5000, (ushort)5000, TrafficClass.Other),
            (
                groups[TrafficView.Translation].Source.ToString(), groups[TrafficView.Translation].Destination.ToString(),
                groups[TrafficView.Translation].LowestPort, groups[TrafficView.Translation].HighestPort,
                groups[TrafficView.Translation].Class));
    }

    [Fact]
    public void Without_ports_and_translation_there_is_no_group_by_them()
    {
        var reading = Look(1, new FlowCase { Protocol = 50, Timeout = null });
        Assert.Equal(
            [TrafficView.Class, TrafficView.Source, TrafficView.SourceNetwork, TrafficView.Destination, TrafficView.Pair],
            reading.Groups.Select(g => g.View).Order());
        Assert.All(reading.Groups, g => Assert.Equal((0L, (ushort)0, (ushort)0), (g.IdleCounts.Sum(), g.LowestPort, g.HighestPort)));
    }

    [Fact]
    public void Idle_times_are_counted_by_their_least()
    {
        var reading = Look(5, Client(1, 432_000), Client(2, 431_996), Client(3, 431_995), Client(4, 431_398), Client(5, 431_399));
        var counts = TrafficGroup.IdleBounds.Zip(Group(reading, TrafficView.Source).IdleCounts)
            .Where(c => c.Second > 0).Select(c => (c.First, c.Second));
        Assert.Equal([(0L, 1L), (2L, 2L), (60L, 1L), (600L, 1L)], counts);
    }

    [Fact]
    public void The_network_of_sources_is_as_narrow_as_what_they_have_in_common()
    {
        var reading = Look(
            3, new FlowCase { Source = "10.0.4.1" }, new FlowCase { Source = "10.0.7.9", SourcePort = 2 },
            new FlowCase { Source = "2001:db8:1::1", Destination = "2001:db8::2" });
        var networks = reading.Groups.Where(g => g.View == TrafficView.SourceNetwork)
            .Select(g => (g.Source.ToString(), g.PrefixLength)).Order();
        Assert.Equal([("10.0.4.0", 22), ("2001:db8:1::1", 128)], networks);
    }

    [Theory]
    [InlineData("2001:db8:1:2:8000::1", "2001:db8:1:2::1", "2001:db8:1:2::", 64)]
    [InlineData("2001:db8:1:2::1:1", "2001:db8:1:2::1:2ff", "2001:db8:1:2::1:0", 118)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", "2001:db8:1:2::", 63)]
    [InlineData("2001:db8:1::1", "2001:db8:ffff::1", "2001:db8::", 32)]
    public void The_network_of_IPv6_sources_is_as_narrow(string one, string other, string network, int length)
    {
        var reading = Look(
            2, new FlowCase { Source = one, Destination = "2001:db8::2" },
            new FlowCase { Source = other, Destination = "2001:db8::2", SourcePort = 2 });
        var group = Group(reading, TrafficView.SourceNetwork);
        Assert.Equal((network, length), (group.Source.ToString(), group.PrefixLength));
    }

    [Fact]
    public void The_most_frequent_are_found_among_more_than_there_is_room_for()
    {
        var table = new GroupTable(new Random(4711));
        var random = new Random(1);
        var counts = new Dictionary<ulong, long>();
        for (var i = 0; i < 100_000; i++)
        {
            // Ten that come often, and thousands that come a few times each.
            var source = random.Next(10) < 3 ? (ulong)random.Next(10) : 100 + (ulong)random.Next(20_000);
            counts[source] = counts.GetValueOrDefault(source) + 1;
            table.Add(new GroupKey(0, source, 0, 0, 0));
        }

        Assert.InRange(table.Error, 1, 100_000 / 384);
        var top = table.Top(10).ToList();
        Assert.Equal(Enumerable.Range(0, 10).Select(i => (ulong)i), top.Select(s => s.Key.SourceLow).Order());
        Assert.Equal(top.Select(s => s.Count).OrderDescending(), top.Select(s => s.Count));
        Assert.All(top, s => Assert.InRange(counts[s.Key.SourceLow], s.Count, s.Count + table.Error));
        table.Clear();
        Assert.Equal((0, 0L), (table.Top(10).Count(), table.Error));
    }

    [Fact]
    public void A_set_of_entries_knows_all_that_were_added_and_nothing_else()
    {
        var random = new Random(2);
        var set = new EntrySet();
        var added = Enumerable.Range(0, 20_000).Select(_ => (ulong)random.NextInt64() << 1).ToHashSet();
        foreach (var print in added.Concat(added.Take(1000)))
        {
            set.Add(print);
        }

        Assert.Equal(added.Count, set.Count);
        Assert.All(added, print => Assert.True(set.Contains(print)));
        Assert.DoesNotContain(
            Enumerable.Range(0, 20_000).Select(_ => (ulong)random.NextInt64() << 1).Where(p => !added.Contains(p)), set.Contains);
        set.Clear();
        Assert.Equal((0, false), (set.Count, set.Contains(added.First())));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(32, 44)]
    [InlineData(63, 250)]
    [InlineData(64, 250)]
    public void So_many_bits_are_about_so_many_things(int bits, int things) =>
        Assert.Equal(things, GroupSlot.Distinct(bits == 64 ? ulong.MaxValue : (1UL << bits) - 1));

    private static FlowCase[] Range(int count, Func<int, FlowCase> entry) => [.. Enumerable.Range(0, count).Select(entry)];

    private static IEnumerable<FlowCase> Many(int count) =>
        Enumerable.Range(0, count).Select(i => Client(i) with { Destination = $"192.0.{i >> 16}.1" });

    private static TrafficGroup Group(TrafficReading reading, TrafficView view) => reading.Groups.Single(g => g.View == view);

    private static Flow Decode(FlowCase entry)
    {
        var flow = FlowDecoder.Decode(entry.Encode(), FlowFields.All, out var decoded);
        Assert.True(decoded);
        return flow;
    }

    private void Add(FlowCase entry) => _survey.Add(Decode(entry));

    private TrafficReading Look(long total, params FlowCase[] entries)
    {
        _survey.Begin(_idle);
        foreach (var entry in entries)
        {
            Add(entry);
        }

        return _survey.End(total);
    }
}
