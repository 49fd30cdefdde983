using System.Text.Json.Serialization;

namespace ConntrackOperator.Netfilter.Idle;

/// <summary>
/// Which time-outs may have been armed since this boot, in one network namespace, as far as somebody looked. An entry keeps the
/// time-out that its last packet armed, whatever was configured since, so idle times can't be told without it. Immutable.
/// Between two looks that found the same value it is taken to have held, unless they are further apart than <see cref="MaxGap"/>: one
/// that came and went between them is not known. A value that a look found and the one before it did not may have been set at any time
/// since that one began.
/// </summary>
public sealed record TimeoutHistory
{
    /// <summary>Looks further apart leave a time of which nothing is known: a value may have been changed and changed back.</summary>
    public static readonly TimeSpan MaxGap = TimeSpan.FromMinutes(15);

    /// <summary>Nobody looked for longer than <see cref="MaxGap"/>.</summary>
    internal const string Unseen = "?unseen";

    /// <summary>Time-out objects could not be listed.</summary>
    internal const string Unlisted = "?objects";

    /// <summary>There were flow tables.</summary>
    internal const string FlowTable = "?flowtable";

    /// <summary>With the protocol's number: there were time-out objects that could not be understood.</summary>
    internal const string UnclearProtocol = "?protocol-";

    /// <summary>With a sysctl's name: it had been known and could not be read.</summary>
    internal const string Gone = "?gone-";

    // Some thirty are open at a time; what is more are changes.
    private const int MostSpans = 512;

    /// <summary>When the first look was, by the monotonic clock, which begins with the boot.</summary>
    public required TimeSpan Since { get; init; }

    /// <summary>When the last look was, by the same clock.</summary>
    public required TimeSpan LastLook { get; init; }

    /// <summary>When the last look began to read the sysctls: what changed since may not be seen yet. 0 where that is not known.</summary>
    public TimeSpan ReadFrom { get; init; }

    /// <summary>When the last listing of time-out objects and flow tables began; 0 where that is not known.</summary>
    public TimeSpan ListedFrom { get; init; }

    /// <summary>
    /// Until when there were values that are forgotten, or entries were loaded with any, by the same clock; null: never. That what was seen
    /// held before is known to be wrong.
    /// </summary>
    public TimeSpan? ForgottenUntil { get; init; }

    /// <summary>What was found, in no order.</summary>
    public required IReadOnlyList<TimeoutSpan> Spans { get; init; }

    /// <summary>What the last look found; null when this was read from a file.</summary>
    [JsonIgnore]
    public ConfiguredTimeouts? Current { get; init; }

    /// <summary>Since when, by the monotonic clock, there is no time of which nothing is known.</summary>
    [JsonIgnore]
    public TimeSpan KnownSince
    {
        get
        {
            var since = Since;
            foreach (var span in Spans)
            {
                if (span.Key is Unseen or Unlisted)
                {
                    since = Max(since, span.IsOpen ? LastLook : span.Until);
                }
            }

            return since;
        }
    }

    /// <summary>Begins with a first look.</summary>
    /// <param name="look">What was found.</param>
    public static TimeoutHistory Begin(ConfiguredTimeouts look)
    {
        ArgumentNullException.ThrowIfNull(look);
        return new TimeoutHistory
        {
            Since = look.At,
            LastLook = look.At,
            ReadFrom = look.ReadFrom ?? look.At,
            ListedFrom = look.ListedFrom ?? look.At,
            Spans = [.. Found(look).Select(f => new TimeoutSpan(f.Key, f.Seconds, look.At, look.At, true))],
            Current = look,
        };
    }

    /// <summary>The history with one more look.</summary>
    /// <param name="look">What was found.</param>
    public TimeoutHistory Add(ConfiguredTimeouts look)
    {
        ArgumentNullException.ThrowIfNull(look);
        var at = Max(look.At, LastLook);
        var missing = Found(look);
        missing.UnionWith(Spans
            .Where(s => !look.Sysctls.ContainsKey(s.Key) && TimeoutKeys.All.Contains(s.Key)).Select(s => (Gone + s.Key, 0L)));
        var spans = new List<TimeoutSpan>(Spans.Count + 4);
        foreach (var span in Spans)
        {
            spans.Add(span.IsOpen ? span with { Until = at, IsOpen = missing.Remove((span.Key, span.Seconds)) } : span);
        }

        spans.AddRange(missing.Select(f => new TimeoutSpan(f.Key, f.Seconds, IsOfSysctls(f, look) ? ReadFrom : ListedFrom, at, true)));

        // What could never be read before may have been anything.
        var known = Spans.Select(s => s.Key).ToHashSet();
        spans.AddRange(look.Sysctls.Keys
            .Where(key => !known.Contains(key) && !known.Contains(Gone + key))
            .Select(key => new TimeoutSpan(Gone + key, 0, Since, at, false)));
        if (at - LastLook > MaxGap)
        {
            spans.Add(new TimeoutSpan(Unseen, 0, LastLook, at, false));
        }

        return Bounded(this with
        {
            LastLook = at,
            ReadFrom = Max(ReadFrom, look.ReadFrom ?? at),
            ListedFrom = Max(ListedFrom, look.ListedFrom ?? at),
            Spans = spans,
            Current = look,
        });
    }

    /// <summary>
    /// With entries that a program loads into the table, such as <c>conntrack -R</c>: what time is left to them says nothing of their last
    /// packet.
    /// </summary>
    /// <param name="until">Until when it may have loaded them, by the monotonic clock.</param>
    internal TimeoutHistory WithLoadedEntries(TimeSpan until) => this with { ForgottenUntil = Latest(ForgottenUntil, until) };

    /// <summary>What two processes saw of the same namespace.</summary>
    /// <param name="other">What the other saw.</param>
    public TimeoutHistory Join(TimeoutHistory other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var (first, second) = Since <= other.Since ? (this, other) : (other, this);
        second = second.DatedBackTo(first);
        var (older, newer) = first.LastLook <= second.LastLook ? (first, second) : (second, first);
        var open = newer.Spans.Where(s => s.IsOpen).Select(s => (s.Key, s.Seconds)).ToHashSet();

        // What the older still saw, and the newer does not, ended before the newer looked.
        var all = newer.Spans.Concat(older.Spans.Select(s =>
            s.IsOpen ? s with { Until = newer.LastLook, IsOpen = open.Contains((s.Key, s.Seconds)) } : s));

        // What the older could read and the newer, which began after it, never could: see Add.
        var read = newer.Spans.Select(s => s.Key).ToHashSet();
        all = all.Concat(older.Spans
            .Where(s => TimeoutKeys.All.Contains(s.Key) && !read.Contains(s.Key))
            .Select(s => Gone + s.Key).Distinct()
            .Select(key => new TimeoutSpan(key, 0, older.ReadFrom, newer.LastLook, true)));
        if (newer.Since - older.LastLook > MaxGap)
        {
            all = all.Append(new TimeoutSpan(Unseen, 0, older.LastLook, newer.Since, false));
        }

        var spans = new List<TimeoutSpan>();
        foreach (var group in all.GroupBy(s => (s.Key, s.Seconds)))
        {
            TimeoutSpan? last = null;
            foreach (var span in group.OrderBy(s => s.From))
            {
                if (last is not null && span.From <= last.Until)
                {
                    last = last with { Until = Max(last.Until, span.Until), IsOpen = last.IsOpen || span.IsOpen };
                    continue;
                }

                if (last is not null)
                {
                    spans.Add(last);
                }

                last = span;
            }

            spans.Add(last!);
        }

        return Bounded(newer with
        {
            Since = first.Since,
            ForgottenUntil = second.ForgottenUntil is { } until ? Latest(first.ForgottenUntil, until) : first.ForgottenUntil,
            ReadFrom = Max(older.ReadFrom, newer.ReadFrom),
            ListedFrom = Max(older.ListedFrom, newer.ListedFrom),
            Spans = spans,
        });
    }

    /// <summary>Whether it says the same but for the time of the last look.</summary>
    internal bool SaysTheSameAs(TimeoutHistory other) => Since == other.Since && ForgottenUntil == other.ForgottenUntil
        && Spans.Count == other.Spans.Count
        && Spans.Select(Timeless).ToHashSet().SetEquals(other.Spans.Select(Timeless));

    /// <summary>
    /// What this history began with, and one that began before did not know, may have been set at any time since that one last looked;
    /// where it looked on, since some look before this one's first: they are at most <see cref="MaxGap"/> apart.
    /// </summary>
    private TimeoutHistory DatedBackTo(TimeoutHistory earlier)
    {
        if (Since == earlier.Since)
        {
            return this;
        }

        var from = earlier.LastLook < Since ? earlier.ListedFrom : Max(earlier.Since, Since - MaxGap);
        return this with { Spans = [.. Spans.Select(s => s.From == Since && !earlier.Knows(s, Since) ? s with { From = from } : s)] };
    }

    private bool Knows(TimeoutSpan span, TimeSpan at) =>
        Spans.Any(s => s.Key == span.Key && s.Seconds == span.Seconds && s.From <= at && (s.IsOpen || s.Until >= at));

    // What is an object's value and a sysctl's as well was seen when the objects were listed.
    private static bool IsOfSysctls((string Key, long Seconds) found, ConfiguredTimeouts look) =>
        found.Key.StartsWith(Gone, StringComparison.Ordinal)
        || (look.Sysctls.TryGetValue(found.Key, out var value) && value == found.Seconds && !look.Objects.Contains(found));

    private static TimeoutSpan Timeless(TimeoutSpan span) => span.IsOpen ? span with { Until = default } : span;

    /// <summary>Forgets the oldest when there is too much; then less is known, not something else.</summary>
    private static TimeoutHistory Bounded(TimeoutHistory history)
    {
        if (history.Spans.Count <= MostSpans)
        {
            return history;
        }

        var forgotten = history.Spans.Where(s => !s.IsOpen).OrderBy(s => s.Until).Take(history.Spans.Count - (MostSpans / 2)).ToHashSet();
        if (forgotten.Count == 0)
        {
            return history;
        }

        var until = forgotten.Max(s => s.Until);
        return history with
        {
            Since = Max(history.Since, until),
            ForgottenUntil = Latest(history.ForgottenUntil, until),
            Spans = [.. history.Spans.Where(s => !forgotten.Contains(s))],
        };
    }

    private static HashSet<(string Key, long Seconds)> Found(ConfiguredTimeouts look)
    {
        var found = look.Sysctls.Select(s => (s.Key, s.Value)).Concat(look.Objects).ToHashSet();
        found.UnionWith(
            look.UnclearProtocols.Select(p => (UnclearProtocol + p.ToString(System.Globalization.CultureInfo.InvariantCulture), 0L)));
        if (look.HasFlowTables)
        {
            found.Add((FlowTable, 0));
        }

        if (!look.ObjectsListed)
        {
            found.Add((Unlisted, 0));
        }

        return found;
    }

    private static TimeSpan Latest(TimeSpan? known, TimeSpan other) => known is { } one ? Max(one, other) : other;

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
