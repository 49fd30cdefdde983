using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Translation;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>
/// Looks into the table now and then. A look costs the same at any size of the table, since it stops after a fixed number of
/// entries, and the pause after it is long enough that all looks together take at most a two-hundredth of a core.
/// Not thread-safe.
/// </summary>
public sealed class ScanCycle
{
    /// <summary>Entries in a sample: every share is right to within a percentage point.</summary>
    public const int SampleSize = 50_000;

    /// <summary>The greatest part of one core that scans may take: 0.5 %.</summary>
    public const double CoreShare = 0.005;

    private readonly SysctlDirectory _sysctls;
    private readonly TimeoutWatch _timeouts;
    private readonly string _procPath;
    private readonly NatPortWatch _nat;
    private readonly TimeProvider _time;
    private readonly TimeSpan _interval;
    private readonly Random _random;
    private long _last;
    private TimeSpan _pause;
    private TrafficSurvey? _survey;

    /// <summary>Makes a cycle whose first scan is due after a random part of the interval.</summary>
    /// <param name="sysctls">The keys, for the count.</param>
    /// <param name="timeouts">Which time-outs were seen.</param>
    /// <param name="procPath">/proc.</param>
    /// <param name="sysPath">/sys.</param>
    /// <param name="interval">The least time between scans.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For jitter: nodes must not scan, and report, in step.</param>
    public ScanCycle(SysctlDirectory sysctls, TimeoutWatch timeouts, string procPath, string sysPath, TimeSpan interval, TimeProvider time, Random random)
    {
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(random);
        _sysctls = sysctls;
        _timeouts = timeouts;
        _procPath = procPath;
        _nat = new NatPortWatch(procPath, sysPath);
        _time = time;
        _interval = interval;
        _random = random;
        _last = time.GetTimestamp();
        _pause = interval * random.NextDouble();
    }

    /// <summary>Why the last scan failed; null when it did not.</summary>
    public string? Problem { get; private set; }

    /// <summary>What the last scan said.</summary>
    public ScanResult? Latest { get; private set; }

    /// <summary>Scans when that is due.</summary>
    /// <param name="whoDoesWhat">
    /// Whether to find out who does what as well: some megabytes, kept from the first time on and let go when it is no longer asked.
    /// What is new is known from the second scan on.
    /// </param>
    /// <returns>True when <see cref="Latest"/> is new.</returns>
    public bool RunIfDue(bool whoDoesWhat = false)
    {
        if (_time.GetElapsedTime(_last) < _pause)
        {
            return false;
        }

        _survey = whoDoesWhat ? _survey ?? new TrafficSurvey(_time) : null;
        var begun = _time.GetTimestamp();
        var scanned = Scan();
        _last = _time.GetTimestamp();
        _pause = Pause(_interval, _time.GetElapsedTime(begun, _last), _random.NextDouble());
        return scanned;
    }

    /// <summary>The pause after a scan: the interval, or longer when the scan was slow, and up to half of that more by chance. Pure.</summary>
    internal static TimeSpan Pause(TimeSpan interval, TimeSpan took, double chance)
    {
        var least = took / CoreShare;
        return (least > interval ? least : interval) * (1 + (chance / 2));
    }

    private bool Scan()
    {
        try
        {
            // A new one each time: its tables are not worth keeping for a minute.
            // Nothing is deleted by these idle times; they say for how long they are certain.
            var ports = new PortSurvey();
            var breakdown = new TableScanner(procPath: _procPath, sysctls: _sysctls, time: _time, survey: _survey, ports: ports).Sample(SampleSize, _timeouts.Clock(assumeHeld: true));
            Latest = new ScanResult(breakdown, CompositionBuilder.Composition(breakdown), CompositionBuilder.Top(breakdown), _survey?.Latest, _nat.Look(ports.Latest, []));
            Problem = null;
            return true;
        }
        catch (Exception e) when (e is NetlinkException || e.IsIoFailure())
        {
            Problem = e.Message;
            return false;
        }
    }
}
