using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>Turns counts into shares with their error bounds.</summary>
internal sealed class BreakdownSummary(long sampled, long total, bool complete)
{
    private const int Most = 10;

    internal double Percent(long count) => sampled == 0 ? 0 : 100.0 * count / sampled;

    internal double SamplingPoints(double share) => complete || total == 0 ? 0 : SamplingError.Points(share, sampled, total);

    internal List<StateShare> States(BreakdownBuilder.Cell?[] cells, long[]? sample, IdleClock idle)
    {
        var sampleSize = sample?.Sum() ?? 0;
        var states = new List<StateShare>();
        var byName = Enumerable.Range(0, cells.Length)
            .Where(i => cells[i] is not null)
            .GroupBy(i => (Protocol: FlowClass.Protocol(i), Name: FlowClass.StateName(i)));
        foreach (var group in byName)
        {
            states.Add(State(group.Key.Protocol, group.Key.Name, [.. group], cells, idle) with
            {
                SamplePercent = sampleSize > 0 ? 100.0 * group.Sum(i => sample![i]) / sampleSize : null,
            });
        }

        states.Sort(static (a, b) => b.Count != a.Count
            ? b.Count.CompareTo(a.Count)
            : string.CompareOrdinal(a.Protocol + a.State, b.Protocol + b.State));
        return states;
    }

    internal List<SourceShare> Sources(HeavyHitters hitters, TalkerKind kind) =>
        [.. hitters.Top(Most, kind).Select(h => new SourceShare(h.Key.Address, h.Count, Percent(h.Count), Points(h.Count, hitters.Error)))];

    internal List<DestinationShare> Destinations(HeavyHitters hitters) => Destinations(hitters, TalkerKind.All, "");

    internal List<DestinationShare> TcpDestinationsByState(HeavyHitters hitters)
    {
        List<DestinationShare> both =
        [
            .. Destinations(hitters, TalkerKind.First, StateName(FlowStates.TcpEstablished)),
            .. Destinations(hitters, TalkerKind.Second, StateName(FlowStates.TcpCloseWait)),
        ];
        return [.. both.OrderByDescending(d => d.Count).Take(Most)];

        static string StateName(byte state) => FlowStates.Name(Native.IPPROTO_TCP, state, FlowStatus.None);
    }

    internal List<PortShare> Ports(HeavyHitters hitters) =>
    [
        .. hitters.Top(Most).Select(h => new PortShare(
            h.Key.Port, FlowProtocols.Name(h.Key.Protocol), h.Count, Percent(h.Count), Points(h.Count, hitters.Error))),
    ];

    private List<DestinationShare> Destinations(HeavyHitters hitters, TalkerKind kind, string state) =>
    [
        .. hitters.Top(Most, kind).Select(h => new DestinationShare(
            h.Key.Address,
            h.Key.Port,
            FlowProtocols.Name(h.Key.Protocol),
            state,
            h.Count,
            Percent(h.Count),
            Points(h.Count, hitters.Error))),
    ];

    private StateShare State(byte protocol, string name, int[] indexes, BreakdownBuilder.Cell?[] cells, IdleClock idle)
    {
        var bins = new long[IdleHistogram.BinCount];
        var most = new long[IdleHistogram.BinCount];
        long count = 0, unreplied = 0, assured = 0;
        var largest = indexes[0];
        foreach (var index in indexes)
        {
            var cell = cells[index]!;
            count += cell.Count;
            unreplied += (FlowClass.Status(index) & FlowStatus.SeenReply) == 0 ? cell.Count : 0;
            assured += (FlowClass.Status(index) & FlowStatus.Assured) != 0 ? cell.Count : 0;
            largest = cell.Count > cells[largest]!.Count ? index : largest;
            for (var i = 0; i < bins.Length; i++)
            {
                bins[i] += cell.Idle[i];
                most[i] += cell.IdleAtMost[i];
            }
        }

        var histogram = new IdleHistogram { Counts = bins, Known = bins.Sum() };
        var atMost = new IdleHistogram { Counts = most, Known = histogram.Known };

        // While a connection opens packets may pass that leave the time-out as it is.
        var uncounted = idle.LetsPacketsPassUncounted(largest);
        return new StateShare
        {
            Protocol = FlowProtocols.Name(protocol),
            State = name,
            Count = count,
            EstimatedEntries = (long)((double)count / sampled * total),
            Percent = Percent(count),
            ErrorBoundPercent = Points(count, 0),
            UnrepliedPercent = 100.0 * unreplied / count,
            AssuredPercent = 100.0 * assured / count,
            TimeoutKey = TimeoutKeys.For(protocol, FlowClass.State(largest), FlowClass.Status(largest)),
            Timeout = idle.History.Current?.For(protocol, FlowClass.State(largest), FlowClass.Status(largest)),
            IdleP50 = Least(0.5),
            IdleP90 = Least(0.9),
            IdleP50AtMost = Most(0.5),
            IdleP90AtMost = Most(0.9),
            Idle = histogram,
        };

        TimeSpan? Least(double share) => uncounted && histogram.Known > 0 ? TimeSpan.Zero : histogram.Percentile(share);

        // Among those that have no bound the longest may be anything.
        TimeSpan? Most(double share) => most.Sum() >= share * histogram.Known ? atMost.Percentile(share) : null;
    }

    private double Points(long count, long countError) =>
        SamplingPoints(sampled == 0 ? 0 : Math.Min(1, (double)count / sampled)) + Percent(countError);
}
