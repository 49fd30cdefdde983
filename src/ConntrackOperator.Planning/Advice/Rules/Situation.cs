using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>What the rules share: how full the table is, what is lost, who has what, and what has been explained already.</summary>
internal sealed class Situation
{
    /// <summary>Usage in percent below which a table that loses nothing and is under no pressure is left alone.</summary>
    internal const double TightPercent = 50;

    /// <summary>What has been idle for less had a packet lately.</summary>
    internal const long LatelySeconds = 5;

    /// <summary>A cause holds at least this share of the entries; what holds less does not fill the table.</summary>
    internal const double CausePercent = 15;

    // From here on what a full table does is near enough to be told. What a policy calls critical may be far from full.
    private const double NearlyFullPercent = 90;

    private readonly Dictionary<TrafficClass, TrafficFacts> _whole;
    private readonly Dictionary<TrafficClass, long> _explained = [];
    private readonly Dictionary<TrafficClass, long> _explainedNew = [];
    private readonly HashSet<(string Protocol, int Port)> _explainedPorts = [];
    private readonly HashSet<string> _explainedSources = new(StringComparer.Ordinal);

    internal Situation(TableFacts facts)
    {
        Facts = facts;
        Usage = facts.Limit > 0 ? facts.Entries * 100.0 / facts.Limit : 0;
        IsLosing = facts.Rates.LostForWant > 0;
        Severity = IsLosing || Usage >= facts.CriticalPercent ? AdviceSeverity.Critical
            : Usage >= facts.WarningPercent ? AdviceSeverity.Warning
            : AdviceSeverity.Hint;

        // A policy may call it pressure below a half.
        IsTight = facts.Entries > 0 && (Usage >= TightPercent || Severity != AdviceSeverity.Hint);
        _whole = facts.Traffic.Where(group => group.View == TrafficView.Class).GroupBy(group => group.Class)
            .ToDictionary(groups => groups.Key, groups => groups.First());
    }

    internal TableFacts Facts { get; }

    /// <summary>What a finding says a field is to be, in seconds: no other may say something else.</summary>
    internal Dictionary<string, long> Advised { get; } = new(StringComparer.Ordinal);

    /// <summary>The table size that a finding advises, to which buckets follow; 0: none does.</summary>
    internal long AdvisedSize { get; set; }

    /// <summary>Percent of the limit; 0 when there is none, or it is not known.</summary>
    internal double Usage { get; }

    /// <summary>Whether packets are lost for want of an entry.</summary>
    internal bool IsLosing { get; }

    /// <summary>Whether there is a reason to make room at all.</summary>
    internal bool IsTight { get; }

    /// <summary>What the pressure on the table is: no finding about room is more severe.</summary>
    internal AdviceSeverity Severity { get; }

    /// <summary>Entries that no finding has explained yet.</summary>
    internal long Unexplained => Math.Max(0, Facts.Entries - _explained.Values.Sum());

    /// <summary>The entries of a class; null: there are none.</summary>
    internal TrafficFacts? Whole(TrafficClass kind) => _whole.GetValueOrDefault(kind);

    /// <summary>The groups of a view and class, the greatest first.</summary>
    internal IEnumerable<TrafficFacts> Groups(TrafficView view, params TrafficClass[] classes) => Facts.Traffic
        .Where(group => group.View == view && (classes.Length == 0 || classes.Contains(group.Class)))
        .OrderByDescending(group => group.Entries.Least)
        .ThenBy(group => group.Source, StringComparer.Ordinal)
        .ThenBy(group => group.Destination, StringComparer.Ordinal)
        .ThenBy(group => group.Port);

    /// <summary>Entries of a class that findings have explained.</summary>
    internal long Explained(TrafficClass kind) => _explained.GetValueOrDefault(kind);

    /// <summary>Entries of a class that no finding has explained yet.</summary>
    internal long Left(TrafficClass kind) => Math.Max(0, (Whole(kind)?.Entries.Middle ?? 0) - _explained.GetValueOrDefault(kind));

    /// <summary>A class without what findings have explained: entries, and new ones a second; null: there are none.</summary>
    internal TrafficFacts? Rest(TrafficClass kind) => Whole(kind) is not { } whole ? null : whole with
    {
        Entries = Less(whole.Entries, _explained.GetValueOrDefault(kind)),
        NewPerSecond = whole.NewPerSecond is { } rate ? Less(rate, _explainedNew.GetValueOrDefault(kind)) : null,
    };

    /// <summary>As <see cref="Groups"/>, without the ports and sources that findings have explained.</summary>
    internal IEnumerable<TrafficFacts> RestOf(TrafficView view, params TrafficClass[] classes) => Groups(view, classes).Where(group =>
        (group.Port is not { } port || !_explainedPorts.Contains((group.Protocol, port)))
            && (group.Source is null || !_explainedSources.Contains(group.Source)));

    /// <summary>Whether any port has been explained, so that groups by source are of more than is left.</summary>
    internal bool HasExplainedPorts => _explainedPorts.Count > 0;

    /// <summary>Takes a group off what is left to be explained, with its port, or its source where it has none.</summary>
    internal void Explain(TrafficFacts group)
    {
        Explain(group.Class, group.Entries.Middle);
        _explainedNew[group.Class] = _explainedNew.GetValueOrDefault(group.Class) + (group.NewPerSecond?.Middle ?? 0);
        if (group.Port is { } port)
        {
            _explainedPorts.Add((group.Protocol, port));
        }
        else if (group.Source is { } source)
        {
            _explainedSources.Add(source);
        }
    }

    /// <summary>Takes entries off what is left to be explained.</summary>
    internal void Explain(TrafficClass kind, long entries) =>
        _explained[kind] = _explained.GetValueOrDefault(kind) + Math.Clamp(entries, 0, Left(kind));

    /// <summary>Percent of all entries.</summary>
    internal double Percent(long entries) => Facts.Entries == 0 ? 0 : Math.Min(100, entries * 100.0 / Facts.Entries);

    /// <summary>A percentage as it is shown.</summary>
    internal double Rounded(long entries) => Figures.Tenths(Percent(entries));

    /// <summary>Who sends, and how much of the table that is.</summary>
    internal Party Source(string? address, long entries) => new()
    {
        Role = "Source",
        Address = address,
        Entries = entries,
        Percent = Rounded(entries),
    };

    /// <summary>Who sends a group.</summary>
    internal Party Source(TrafficFacts group) => Source(group.Source, group.Entries.Middle);

    /// <summary>Where it goes, and how much of the table that is.</summary>
    internal Party Destination(string? address, int? port, string? protocol, long entries) => new()
    {
        Role = "Destination",
        Address = address,
        Port = port,
        Protocol = protocol,
        Entries = entries,
        Percent = Rounded(entries),
    };

    /// <summary>Where a group goes.</summary>
    internal Party Destination(TrafficFacts group) => Destination(group.Destination, group.Port, group.Protocol, group.Entries.Middle);

    /// <summary>Whether so many entries are certain to be a cause's share, for all that a sample can tell.</summary>
    internal bool IsCause(long entries, double percent = CausePercent) =>
        Percent(entries) >= percent && Percent(entries) >= 2 * Facts.ErrorBoundPercent;

    /// <summary>A time-out in seconds; null: not known.</summary>
    internal long? Timeout(string sysctl) => Facts.States.Where(state => state.Sysctl == sysctl).Max(state => state.TimeoutSeconds);

    /// <summary>
    /// Whether an idle time rests on the assumption that the time-outs had been as they are now before anybody looked: one that was
    /// raised lately makes what has just spoken seem idle.
    /// </summary>
    internal bool IsAssumed(long idleSeconds) => Facts.TimeoutsWatchedFor is { } watched && idleSeconds > watched.TotalSeconds;

    /// <summary>What an idle time is asserted under; empty where it is known.</summary>
    internal string IfHeld(long idleSeconds) =>
        IsAssumed(idleSeconds) ? ", if the time-outs were as they are now for that long" : string.Empty;

    /// <summary>What would tell whether an idle time is true that rests on an assumption; none where it is known.</summary>
    internal IEnumerable<NotKnown> IdleNotKnown(long idleSeconds)
    {
        if (IsAssumed(idleSeconds))
        {
            yield return new NotKnown(
                $"whether they were idle for {KubeDuration.Format(idleSeconds)}: the time-outs have been watched for "
                    + $"{KubeDuration.Format((long)Facts.TimeoutsWatchedFor!.Value.TotalSeconds)}, and after one was raised what has just "
                    + "spoken looks idle; watch for a while",
                Commands.Look(Facts.Target, "advise --watch 30s"));
        }
    }

    /// <summary>
    /// How many entries come a second: at least those that were let in, at most those and what was turned away or evicted.
    /// </summary>
    internal Bounds? Arrivals(Bounds? letIn) => letIn is { } seen
        ? seen with { Most = seen.Most + (long)((Facts.Rates.LostForWant + Facts.Rates.EarlyDrops) / 60) }
        : null;

    /// <summary>
    /// Entries that one cause may have while everything else stays as it is; a tenth of the table is left free. Where buckets are many
    /// for the limit, expired entries are left room for as well: gc_worker sweeps about half a time-out later, and a full table comes
    /// across few of them in the buckets that it looks at.
    /// </summary>
    internal long RoomFor(long entriesOfCause)
    {
        var room = Math.Max(0, (Facts.Limit / 10 * 9) - Math.Max(0, Facts.Entries - entriesOfCause));
        return Facts.Buckets > 2 * Facts.Limit ? room / 3 * 2 : room;
    }

    /// <summary>
    /// Seconds until the table is full once so many entries are gone, at so many new ones a second that stay; null: it is not.
    /// </summary>
    internal long? FullAgain(long freed, long perSecond) =>
        Facts.Limit <= 0 || perSecond <= 0 ? null : Math.Max(0, Facts.Limit - Math.Max(0, Facts.Entries - freed)) / perSecond;

    /// <summary>How full it is, what comes, and what is lost.</summary>
    internal List<string> Seen(Bounds entries, string what, Bounds? newPerSecond)
    {
        var seen = new List<string>
        {
            $"{entries} of {Facts.Entries:N0} entries ({Figures.Percent(Percent(entries.Least))}) are {what}"
                + (Facts.Limit > 0 ? $"; the table holds {Facts.Limit:N0} and is {Figures.Percent(Usage)} full" : string.Empty),
        };
        if (newPerSecond is { } rate)
        {
            seen.Add(
                $"{rate} new ones a second"
                    + (Facts.Watched > TimeSpan.Zero ? $", over {Facts.Watched.TotalSeconds:0.#} s" : string.Empty)
                    + (IsLosing && rate.Most > rate.Least
                        ? "; the most takes each lost packet for one more, and who is lost sends again" : string.Empty));
        }

        if (IsLosing)
        {
            seen.Add(
                $"{Figures.Count(Facts.Rates.LostForWant)} packets a minute are lost for want of an entry, "
                    + $"{Figures.Count(Facts.Rates.EarlyDrops)} entries evicted early");
        }

        if (Facts.Limit > 0 && Usage >= NearlyFullPercent)
        {
            seen.Add(Eviction());
        }

        return seen;
    }

    private static Bounds Less(Bounds bounds, long less) => new(Math.Max(0, bounds.Least - less), Math.Max(0, bounds.Most - less));

    // early_drop in nf_conntrack_core.c: eight buckets are looked at, and each entry is in two, so 16 times as many entries as there are
    // a bucket; none of them is unassured by chance of e to the minus their number (Poisson).
    private string Eviction()
    {
        var unassured = Math.Clamp(100 - Facts.AssuredPercent, 0, 100);
        var perBucket = Facts.Buckets > 0 ? (double)Facts.Limit / Facts.Buckets : 1;
        var fails = Math.Exp(-16 * perBucket * unassured / 100) * 100;
        return $"{unassured:0.#}% of the entries may be evicted (not assured): while it is full, about {fails:0.##}% of new connections "
            + "find no entry; from 95% on the kernel also takes closing TCP entries";
    }
}
