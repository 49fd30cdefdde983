using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Netfilter.Translation;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>
/// Looks into the table now and then. A sample costs the same at any size of the table, since it stops after a fixed number of
/// entries; where the table has more, every entry is counted now and then in place of a sample. The pauses are long enough that all
/// looks together take at most a two-hundredth of a core. Not thread-safe, but for <see cref="Interrupt"/>.
/// </summary>
public sealed class ScanCycle : IDisposable
{
    /// <summary>Entries in a sample: every share is right to within a percentage point.</summary>
    public const int SampleSize = 50_000;

    /// <summary>
    /// The greatest part of one core that looks may take: 0.5 %. Samples take at most half of it, full counts what is left.
    /// </summary>
    public const double CoreShare = 0.005;

    // The hash's key is another one after a boot only, but who has the entries may change without any state's share changing.
    private static readonly TimeSpan _countHoldsFor = 2 * FullScan.Most;

    private readonly ITableLooks _table;
    private readonly Func<IReadOnlyList<PortUse>, IReadOnlyList<NatPorts>> _nat;
    private readonly TimeProvider _time;
    private readonly TimeSpan _interval;
    private readonly Random _random;
    private readonly Func<TimeSpan> _cost;
    private readonly FullScan _full;
    private long _last;
    private TimeSpan _pause;
    private TimeSpan _took;
    private double _secondsPerEntry;
    private volatile bool _interrupted;
    private TrafficSurvey? _survey;
    private TableLook? _sample;
    private TableLook? _count;

    /// <summary>Makes a cycle whose first scan is due after a random part of the interval.</summary>
    /// <param name="table">The table.</param>
    /// <param name="procPath">/proc.</param>
    /// <param name="sysPath">/sys.</param>
    /// <param name="interval">The least time between scans.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For jitter: nodes must not scan, and report, in step.</param>
    internal ScanCycle(ITableLooks table, string procPath, string sysPath, TimeSpan interval, TimeProvider time, Random random)
        : this(table, Nat(procPath, sysPath), interval, time, random, ThreadCpuTime.Now)
    {
    }

    /// <param name="table">The table.</param>
    /// <param name="nat">What is told of ports that were seen to be in use.</param>
    /// <param name="interval">The least time between scans.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For jitter.</param>
    /// <param name="cost">CPU time that the calling thread has taken since it began.</param>
    internal ScanCycle(
        ITableLooks table, Func<IReadOnlyList<PortUse>, IReadOnlyList<NatPorts>> nat, TimeSpan interval, TimeProvider time, Random random,
        Func<TimeSpan> cost)
    {
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(random);
        _table = table;
        _nat = nat;
        _time = time;
        _interval = interval;
        _random = random;
        _cost = cost;
        _full = new FullScan(time, random, cost);
        _last = time.GetTimestamp();
        _pause = interval * random.NextDouble();
    }

    /// <summary>Why the last scan failed; null when it did not.</summary>
    public string? Problem { get; private set; }

    /// <summary>What the scans say.</summary>
    public ScanResult? Latest { get; private set; }

    /// <summary>Whether every entry is being counted.</summary>
    public bool IsCounting => _full.IsRunning;

    /// <summary>The share of a core that full counts may take: what samples leave.</summary>
    private double ShareOfCounts => CoreShare - Math.Min(CoreShare / 2, _pause > TimeSpan.Zero ? _took / _pause : 0);

    /// <summary>Scans when that is due, and takes what a full count beside has seen.</summary>
    /// <param name="whoDoesWhat">
    /// Whether to find out who does what as well: some megabytes, kept from the first time on and let go when it is no longer asked.
    /// What is new is known from the second scan on.
    /// </param>
    /// <param name="mayCount">
    /// Whether a full count may begin: not while entries are deleted. What was counted before is no longer true by then, and is let go.
    /// </param>
    /// <returns>True when <see cref="Latest"/> is new.</returns>
    public bool RunIfDue(bool whoDoesWhat = false, bool mayCount = true)
    {
        // Of another table than there is now: entries are deleted, or hashed anew, so that samples see others.
        var stale = !mayCount || _interrupted;
        _count = stale ? null : _count;
        string? notCounted = null;
        if (_full.IsRunning)
        {
            if (!_full.TryTake(ShareOfCounts, out var count, out var problem))
            {
                return false;
            }

            Problem = notCounted = problem;
            if (count is not null && !stale)
            {
                (_count, _sample) = (count, null);
                _last = _time.GetTimestamp();
                Tell(count);
                return true;
            }
        }

        _interrupted = false;
        if (_time.GetElapsedTime(_last) < _pause)
        {
            return false;
        }

        _survey = whoDoesWhat ? _survey ?? new TrafficSurvey(_time) : null;
        _count = whoDoesWhat || _count is null ? _count : _count with { Traffic = null };
        if (mayCount && (_sample ?? _count)?.Breakdown is { Sampled: > 0, TableEntries: > SampleSize and var entries }
            && _full.IsDue(entries, _secondsPerEntry, ShareOfCounts))
        {
            try
            {
                notCounted = _full.Start(_table.Count(_survey));
                if (notCounted is null)
                {
                    return false;
                }
            }
            catch (Exception e) when (e is NetlinkException || e.IsIoFailure())
            {
                notCounted = e.Message;
            }
        }

        // CPU time, as that of full counts: on a busy machine a sample takes longer and costs no more.
        var before = _cost();
        var scanned = Sample();
        _took = _cost() - before;
        _last = _time.GetTimestamp();
        if (scanned)
        {
            Problem = notCounted;
            _secondsPerEntry = _sample!.Breakdown.Sampled is > 0 and var seen ? _took.TotalSeconds / seen : _secondsPerEntry;
        }

        _pause = Pause(_interval, _took, _random.NextDouble());
        return scanned;
    }

    /// <summary>
    /// Ends a full count that runs, and returns when it reads no more: before the table is flushed or resized. From any thread.
    /// </summary>
    public void Interrupt()
    {
        _interrupted = true;
        _full.Interrupt();
    }

    /// <inheritdoc />
    public void Dispose() => _full.Dispose();

    /// <summary>
    /// The pause after a sample: the interval, or longer when the sample cost much, and up to half of that more by chance. Pure.
    /// </summary>
    internal static TimeSpan Pause(TimeSpan interval, TimeSpan took, double chance)
    {
        var least = took / (CoreShare / 2);
        return (least > interval ? least : interval) * (1 + (chance / 2));
    }

    private static Func<IReadOnlyList<PortUse>, IReadOnlyList<NatPorts>> Nat(string procPath, string sysPath)
    {
        var watch = new NatPortWatch(procPath, sysPath);
        return seen => watch.Look(seen, []);
    }

    private bool Sample()
    {
        try
        {
            _sample = _table.Sample(_survey);
            if (_count is { } count
                && (_time.GetUtcNow() - count.Breakdown.At > _countHoldsFor || !CountValidity.Holds(count.Breakdown, _sample.Breakdown)))
            {
                _count = null;
            }

            Tell(_sample);
            return true;
        }
        catch (Exception e) when (e is NetlinkException || e.IsIoFailure())
        {
            Problem = e.Message;
            return false;
        }
    }

    /// <param name="last">The last look.</param>
    private void Tell(TableLook last)
    {
        var better = (_count ?? last).Breakdown;
        var counted = ReferenceEquals(_count, last) ? null : _count;
        Latest = new ScanResult(
            last.Breakdown.Elapsed,
            ReferenceEquals(_count, last),
            better,
            CompositionBuilder.Composition(better),
            CompositionBuilder.Top(better),
            last.Traffic,
            last.Breakdown.Complete ? 0 : last.Breakdown.ErrorBoundPercent,
            last.Traffic is null ? null : counted?.Traffic,
            _nat(counted is null ? last.Ports : PortUses.Better(counted.Ports, last.Ports, last.Breakdown)));
    }
}
