using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Planning.Tests.Advice;

/// <summary>Tables written down: loads, from which the groups follow that a look at the table would find.</summary>
internal static class Tables
{
    internal const string Established = "nf_conntrack_tcp_timeout_established";
    internal const long Limit = 20_000;

    private static readonly Dictionary<TrafficClass, (string Protocol, string State, string Sysctl, long Seconds)> _states = new()
    {
        [TrafficClass.SynSent] = ("tcp", "SYN_SENT", "nf_conntrack_tcp_timeout_syn_sent", 120),
        [TrafficClass.SynReceived] = ("tcp", "SYN_RECV", "nf_conntrack_tcp_timeout_syn_recv", 60),
        [TrafficClass.Established] = ("tcp", "ESTABLISHED", Established, 432000),
        [TrafficClass.OneWay] = ("tcp", "ESTABLISHED", Established, 432000),
        [TrafficClass.CloseWait] = ("tcp", "CLOSE_WAIT", "nf_conntrack_tcp_timeout_close_wait", 3600),
        [TrafficClass.TimeWait] = ("tcp", "TIME_WAIT", "nf_conntrack_tcp_timeout_time_wait", 120),
        [TrafficClass.Closing] = ("tcp", "CLOSE", "nf_conntrack_tcp_timeout_close", 10),
        [TrafficClass.UdpUnreplied] = ("udp", "UNREPLIED", "nf_conntrack_udp_timeout", 30),
        [TrafficClass.UdpReplied] = ("udp", "REPLIED", "nf_conntrack_udp_timeout", 30),
        [TrafficClass.UdpStream] = ("udp", "STREAM", "nf_conntrack_udp_timeout_stream", 120),
        [TrafficClass.Icmp] = ("icmp", "", "nf_conntrack_icmp_timeout", 30),
        [TrafficClass.OtherUnreplied] = ("50", "", "nf_conntrack_generic_timeout", 600),
        [TrafficClass.Other] = ("50", "", "nf_conntrack_generic_timeout", 600),
    };

    /// <summary>A table of 20,000 on a node of 64 GiB, looked at twice a second apart; its usage is what the loads have.</summary>
    internal static TableFacts Of(params Load[] loads)
    {
        var entries = loads.Sum(load => load.Entries);
        return new TableFacts
        {
            Target = new AdviceTarget("kubectl-conntrack"),
            Entries = entries,
            Limit = Limit,
            Buckets = 20_480,
            NodeMemoryBytes = 64L << 30,
            MemoryLimitPercent = 10,
            AssuredPercent = 50,
            TimeoutsWatchedFor = null,
            Watched = TimeSpan.FromSeconds(1),
            NewPerSecond = new Bounds(loads.Sum(load => load.New), loads.Sum(load => load.New)),
            Rules = new RuleFacts { DropsInvalid = true, DropsInvalidRule = "ct state invalid drop" },
            States = [.. loads.GroupBy(load => (load.Class, ProtocolOf(load))).Select(group => State(group.Key.Class, [.. group]))],
            Traffic = [.. Groups(loads).GroupBy(g => (g.View, g.Class, g.Protocol, g.Source, g.Destination, g.Port)).Select(Sum)],
        };
    }

    /// <summary>The protocol of a load's entries.</summary>
    internal static string ProtocolOf(Load load) => load.Protocol
        ?? (load.Class == TrafficClass.Icmp
            && (load.Destination ?? load.Network ?? load.Sources.FirstOrDefault())?.Contains(':', StringComparison.Ordinal) == true
            ? "icmpv6" : _states[load.Class].Protocol);

    private static StateFacts State(TrafficClass kind, Load[] loads) => new()
    {
        Protocol = ProtocolOf(loads[0]),
        State = ProtocolOf(loads[0]) == "sctp" ? "COOKIE_WAIT" : _states[kind].State,
        Entries = loads.Sum(load => load.Entries),
        Sysctl = ProtocolOf(loads[0]) switch
        {
            "icmpv6" => "nf_conntrack_icmpv6_timeout",
            "sctp" => "nf_conntrack_sctp_timeout_cookie_wait",
            "gre" => "nf_conntrack_gre_timeout",
            _ => _states[kind].Sysctl,
        },
        TimeoutSeconds = loads[0].TimeoutSeconds ?? (ProtocolOf(loads[0]) == "sctp" ? 3 : _states[kind].Seconds),
        IdleAtLeast = idle => loads.Sum(load => (long)(load.Entries * load.IdlePercent((long)idle.TotalSeconds) / 100)),
    };

    private static TrafficFacts Sum(IEnumerable<TrafficFacts> same)
    {
        var all = same.ToList();
        var entries = all.Aggregate(default(Bounds), (sum, group) => sum + group.Entries);
        return all[0] with
        {
            Entries = entries,
            NewPerSecond = all.Aggregate(default(Bounds), (sum, group) => sum + group.NewPerSecond!.Value),
            IdleAtLeast = [
                .. all[0].IdleAtLeast.Select(
                    (step, i) => (step.Seconds, all.Sum(g => g.Entries.Least * g.IdleAtLeast[i].Percent) / Math.Max(1, entries.Least)))],
        };
    }

    private static IEnumerable<TrafficFacts> Groups(Load[] loads)
    {
        foreach (var kind in loads.GroupBy(load => load.Class))
        {
            yield return Group(TrafficView.Class, kind.Key, kind, 1, null, null, null);
            foreach (var port in kind.Where(load => load.Port is not null).GroupBy(load => (load.Port, ProtocolOf(load))))
            {
                yield return Group(TrafficView.Port, kind.Key, port, 1, null, null, port.Key.Port);
            }

            foreach (var load in kind)
            {
                var each = 1.0 / Math.Max(1, load.Sources.Length);
                if (load.Destination is not null)
                {
                    yield return Group(TrafficView.Destination, kind.Key, [load], 1, null, load.Destination, load.Port);
                }

                if (load.Network is not null)
                {
                    yield return Group(TrafficView.SourceNetwork, kind.Key, [load], 1, load.Network, null, null);
                }

                foreach (var source in load.Sources)
                {
                    yield return Group(TrafficView.Source, kind.Key, [load], each, source, null, null);
                    if (load.Destination is not null)
                    {
                        yield return Group(TrafficView.Pair, kind.Key, [load], each, source, load.Destination, load.Port);
                    }
                }
            }
        }
    }

    private static TrafficFacts Group(
        TrafficView view, TrafficClass kind, IEnumerable<Load> of, double share, string? source, string? destination, int? port)
    {
        var loads = of.ToList();
        var entries = (long)(loads.Sum(load => load.Entries) * share);
        var perSecond = (long)(loads.Sum(load => load.New) * share);
        return new TrafficFacts
        {
            View = view,
            Class = kind,
            Protocol = view is TrafficView.Class or TrafficView.Source or TrafficView.SourceNetwork ? string.Empty : ProtocolOf(loads[0]),
            Source = source,
            Destination = destination,
            Port = port,
            Entries = new Bounds(entries, entries),
            NewPerSecond = new Bounds(perSecond, perSecond),
            SilentPercent = loads[0].SilentPercent,
            SpeakingPercent = loads[0].SpeakingPercent,
            DestinationTranslatedPercent = loads.Max(load => load.Translated ? 100 : 0),
            Sources = loads.Max(load => load.Sources.Length == 0 ? TrafficFacts.ManyAtLeast : load.Sources.Length),
            Destinations = loads.Max(load => load.Hosts),
            Ports = loads.Max(load => load.Ports),
            IdleAtLeast = [.. ((long[])[2, 5, 10, 20, 30, 60, 600, 3600, 7440, 21600, 86400]).Select(seconds =>
                (seconds, loads.Sum(load => load.Entries * load.IdlePercent(seconds)) / Math.Max(1, loads.Sum(load => load.Entries))))],
        };
    }
}
