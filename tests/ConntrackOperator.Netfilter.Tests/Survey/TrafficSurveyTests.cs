using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Survey;

[Collection(MachineCollection.Name)]
public sealed class TrafficSurveyTests
{
    [Fact]
    public void Entries_that_the_look_before_had_not_are_new_and_those_that_sent_since_speak()
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        var time = new FakeTimeProvider();
        var survey = new TrafficSurvey(time);
        var scanner = new TableScanner(survey: survey, time: time);

        // Idle for more than a minute and a half, as told by the seconds left: quiet. Armed just now: speaking.
        Load(space, "10.0.0.1", 200, left: 432_000 - 100);
        space.Run(() => scanner.Scan(new TimeoutWatch().Clock(assumeHeld: true)));
        Assert.Equal((200L, 0L, TimeSpan.Zero), (survey.Latest!.Looked, survey.Latest.RateLooked, survey.Latest.Between));

        time.Advance(TimeSpan.FromSeconds(30));
        Load(space, "10.0.0.2", 50, left: 432_000);

        // Armed again, as by a packet: the same tuples with all their seconds.
        space.Execute(
            "conntrack", "-R -",
            string.Concat(Enumerable.Range(0, 10).Select(i => $"-D -p tcp -s 10.0.0.1 -d 192.0.2.1 --sport {2000 + i} --dport 443\n")));
        Load(space, "10.0.0.1", 10, left: 432_000);
        space.Run(() => scanner.Scan(new TimeoutWatch().Clock(assumeHeld: true)));
        var reading = survey.Latest!;
        Assert.Equal((250L, 250L, 50L, TimeSpan.FromSeconds(30)), (reading.Looked, reading.RateLooked, reading.New, reading.Between));
        var old = Of(reading, TrafficView.Source, "10.0.0.1");
        var young = Of(reading, TrafficView.Source, "10.0.0.2");
        Assert.Equal((200L, 200L, 0L, 10L), (old.Count, old.Known, old.New, old.Speaking));
        Assert.Equal((50L, 0L, 50L, 0L), (young.Count, young.Known, young.New, young.Speaking));
        Assert.Equal(190, old.IdleCounts[TrafficGroup.IdleBounds.ToList().IndexOf(60)]);
    }

    [Fact]
    public void What_is_only_remembered_does_not_make_a_sample_look_complete()
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        Load(space, "10.0.0.1", 300, left: 432_000);
        var survey = new TrafficSurvey(TimeProvider.System);
        var sample = space.Run(() => new TableScanner(survey: survey).Sample(250, new TimeoutWatch().Clock(assumeHeld: true)));
        Assert.Equal((250L, false, 300L), (sample.Sampled, sample.Complete, sample.TableEntries));
        Assert.Equal((250L, 50L), (survey.Latest!.Looked, survey.Latest.OnlyRemembered));
    }

    [Fact]
    public void Groups_know_one_place_from_many_and_the_network_of_forged_sources()
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        space.Execute("conntrack", "-R -", string.Concat(Enumerable.Range(0, 2000).Select(i =>
            $"-A -p udp -s 198.18.{i / 250}.{(i % 250) + 1} -d 192.0.2.9 --sport {1024 + i} --dport 27015 -t 30\n-A -p tcp -s "
                + $"203.0.113.5 -d 192.0.2.{(i % 200) + 1} --sport {1024 + i} --dport {(i % 1000) + 1} --state SYN_SENT -t 100\n")));
        var survey = new TrafficSurvey(TimeProvider.System);
        space.Run(() => new TableScanner(survey: survey).Scan(new TimeoutWatch().Clock(assumeHeld: true)));
        var reading = survey.Latest!;
        var flood = reading.Groups.Single(g => g is { View: TrafficView.Destination, Class: TrafficClass.UdpUnreplied });
        Assert.Equal((250, 1, (ushort)27015), (flood.Sources, flood.Ports, flood.Port));
        Assert.InRange(2000, flood.Count, flood.Count + flood.CountError);
        Assert.InRange(flood.CountError, 0, 100);
        var network = reading.Groups.Single(g => g is { View: TrafficView.SourceNetwork, Class: TrafficClass.UdpUnreplied });
        Assert.Equal(("198.18.0.0", 21), (network.Source.ToString(), network.PrefixLength));
        var scan = Of(reading, TrafficView.Source, "203.0.113.5");
        Assert.Equal(TrafficClass.SynSent, scan.Class);
        Assert.InRange(scan.Destinations, 100, 250);
        Assert.Equal(250, scan.Ports);
    }

    [Fact]
    public void Translated_sources_are_grouped_by_where_they_go_with_their_range_of_ports()
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        space.Execute("conntrack", "-R -", string.Concat(Enumerable.Range(0, 300).Select(i =>
            $"-A -p tcp -s 10.0.0.{(i % 3) + 1} -d 192.0.2.9 --sport {2000 + i} --dport 443 -r 192.0.2.9 -q 198.51.100.1 "
                + $"--reply-port-src 443 --reply-port-dst {20000 + i} --state ESTABLISHED -t 1000 -u ASSURED,SEEN_REPLY\n")));
        var survey = new TrafficSurvey(TimeProvider.System);
        space.Run(() => new TableScanner(survey: survey).Scan(new TimeoutWatch().Clock(assumeHeld: true)));
        var group = survey.Latest!.Groups.Single(g => g.View == TrafficView.Translation);
        Assert.Equal(
            ("198.51.100.1", "192.0.2.9", (ushort)443, 300L, (ushort)20000, (ushort)20299),
            (group.Source.ToString(), group.Destination.ToString(), group.Port, group.Count, group.LowestPort, group.HighestPort));
    }

    [Fact]
    public void Counters_tell_whether_anything_was_sent_since_the_opening()
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        Assert.Equal(SysctlStatus.Ok, space.Run(() => new SysctlDirectory().Write(SysctlNames.Accounting, 1)).Status);
        Load(space, "10.0.0.1", 20, left: 432_000);
        var survey = new TrafficSurvey(TimeProvider.System);
        space.Run(() => new TableScanner(survey: survey).Scan(new TimeoutWatch().Clock(assumeHeld: true)));
        var group = Of(survey.Latest!, TrafficView.Source, "10.0.0.1");
        Assert.Equal((true, 20L, 0L), (survey.Latest!.KnowsSilence, group.Silent, group.Spoken));
    }

    private static TrafficGroup Of(TrafficReading reading, TrafficView view, string source) =>
        reading.Groups.Single(g => g.View == view && g.Source?.ToString() == source);

    private static void Load(NetworkNamespace space, string source, int count, int left) =>
        space.Execute("conntrack", "-R -", string.Concat(Enumerable.Range(0, count).Select(i =>
            $"-A -p tcp -s {source} -d 192.0.2.1 --sport {2000 + i} --dport 443 --state ESTABLISHED -t {left} -u ASSURED,SEEN_REPLY\n")));
}
