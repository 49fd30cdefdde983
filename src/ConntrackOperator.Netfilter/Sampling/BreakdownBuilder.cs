using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Reading;

namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>Adds entries up in fixed memory, with no allocation for each. Used again for the next reading.</summary>
internal sealed class BreakdownBuilder
{
    /// <summary>What has to be decoded.</summary>
    internal const FlowFields Needs = IdleClock.Needs;

    private readonly Cell?[] _cells = new Cell?[FlowClass.Count];
    private readonly HeavyHitters _sources;
    private readonly HeavyHitters _destinations;
    private readonly HeavyHitters _ports;
    private IdleClock? _idle;

    // Kept from one reading to the next: it is as large as what the large object heap is for.
    private long[]? _sampleCounts;
    private bool _hasSample;

    internal BreakdownBuilder(Random random)
    {
        _sources = new(random);
        _destinations = new(random);
        _ports = new(random);
    }

    internal long Entries { get; private set; }

    internal void Begin(IdleClock idle)
    {
        _idle = idle;
        Clear();
    }

    internal void Clear()
    {
        Entries = 0;
        _hasSample = false;
        Array.Clear(_cells);
        _sources.Clear();
        _destinations.Clear();
        _ports.Clear();
    }

    /// <summary>Sets apart what was added up to here: it is what a sample would be.</summary>
    internal void EndSample()
    {
        _hasSample = true;
        _sampleCounts ??= new long[_cells.Length];
        for (var i = 0; i < _cells.Length; i++)
        {
            _sampleCounts[i] = _cells[i]?.Count ?? 0;
        }
    }

    internal void Add(scoped in Flow flow)
    {
        Entries++;
        var index = FlowClass.Of(flow);
        var cell = _cells[index] ??= new Cell();
        cell.Count++;
        var idle = _idle!.SinceRenewal(index, flow);
        if (idle.IsKnown)
        {
            cell.Idle[IdleHistogram.Bin(idle.LeastSeconds)]++;
            if (idle.MostSeconds != IdleTime.NoBound)
            {
                cell.IdleAtMost[IdleHistogram.Bin(idle.MostSeconds)]++;
            }
        }

        ref readonly var tuple = ref flow.Original;
        _sources.Add(TalkerKey.Source(tuple), flow.IsUnreplied ? TalkerKind.First : TalkerKind.All);
        var hasPorts = tuple.HasPorts;
        var port = hasPorts ? tuple.Second : (ushort)0;
        _destinations.Add(TalkerKey.Destination(tuple, port), DestinationKind(flow));
        if (hasPorts)
        {
            _ports.Add(TalkerKey.DestinationPort(tuple, port), TalkerKind.All);
        }
    }

    /// <param name="read">How the reading went.</param>
    /// <param name="tableEntries">The kernel's own count.</param>
    /// <param name="at">When it ended.</param>
    /// <param name="elapsed">How long it took.</param>
    internal Breakdown Build(FlowReadResult read, long tableEntries, DateTimeOffset at, TimeSpan elapsed)
    {
        var total = read.Complete ? Entries : Math.Max(tableEntries, Entries);
        var summary = new BreakdownSummary(Entries, total, read.Complete);
        var states = summary.States(_cells, _hasSample ? _sampleCounts : null, _idle!);
        return new Breakdown
        {
            Source = read.Source,
            At = at,
            Elapsed = elapsed,
            Sampled = Entries,
            TableEntries = total,
            Complete = read.Complete,
            ErrorBoundPercent = summary.SamplingPoints(SamplingError.WorstShare),
            AssuredPercent = summary.Percent(Sum(FlowStatus.Assured, FlowStatus.Assured)),
            UnrepliedPercent = summary.Percent(Sum(FlowStatus.SeenReply, FlowStatus.None)),
            States = states,
            SampleErrorPercent = states.Max(s => s.SamplePercent is { } sample ? Math.Abs(sample - s.Percent) : (double?)null),
            TopSources = summary.Sources(_sources, TalkerKind.All),
            TopUnrepliedSources = summary.Sources(_sources, TalkerKind.First),
            TopDestinations = summary.Destinations(_destinations),
            TopTcpDestinationsByState = summary.TcpDestinationsByState(_destinations),
            TopPorts = summary.Ports(_ports),
            TimeoutsWatchedFor = _idle!.WatchedFor,
            Undecodable = read.Undecodable,
        };
    }

    private static TalkerKind DestinationKind(scoped in Flow flow) =>
        flow.Protocol != Native.IPPROTO_TCP ? TalkerKind.All
        : flow.State == FlowStates.TcpEstablished ? TalkerKind.First
        : flow.State == FlowStates.TcpCloseWait ? TalkerKind.Second
        : TalkerKind.All;

    private long Sum(FlowStatus mask, FlowStatus status)
    {
        var sum = 0L;
        for (var i = 0; i < _cells.Length; i++)
        {
            if (_cells[i] is { } cell && (FlowClass.Status(i) & mask) == status)
            {
                sum += cell.Count;
            }
        }

        return sum;
    }

    /// <summary>The entries of one <see cref="FlowClass"/>.</summary>
    internal sealed class Cell
    {
        internal long Count;

        internal long[] Idle { get; } = new long[IdleHistogram.BinCount];

        /// <summary>Upper bounds, of those that have one.</summary>
        internal long[] IdleAtMost { get; } = new long[IdleHistogram.BinCount];
    }
}
