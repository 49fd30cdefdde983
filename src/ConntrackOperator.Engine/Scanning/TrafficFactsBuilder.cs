using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using TrafficClass = ConntrackOperator.Planning.Advice.Facts.TrafficClass;
using TrafficView = ConntrackOperator.Planning.Advice.Facts.TrafficView;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>From groups of entries seen to facts about the table, with their bounds. Pure.</summary>
internal static class TrafficFactsBuilder
{
    // Three standard deviations of a count (Poisson): 997 of 1,000 are nearer.
    private const double Deviations = 3;

    // Of fewer nobody can tell how many speak.
    private const int FewestKnown = 100;

    /// <param name="reading">What was seen.</param>
    /// <param name="entries">The kernel's count of entries.</param>
    /// <param name="errorPoints">How far off a share can be because only a sample was seen, in percentage points; 0 when all were.</param>
    internal static List<TrafficFacts> Of(TrafficReading reading, long entries, double errorPoints) =>
        [.. reading.Groups.Select(group => Of(group, reading, entries, errorPoints))];

    /// <summary>
    /// Puts what a full count says in the place of what a later sample estimates, where both can be true. Groups that the sample does
    /// not show are added when they are so small that it may have missed them; they have the rates of then.
    /// </summary>
    /// <param name="seen">By the sample.</param>
    /// <param name="counted">By the full count.</param>
    /// <param name="spread">How many entries a group can have without being seen.</param>
    internal static List<TrafficFacts> WithCounted(List<TrafficFacts> seen, List<TrafficFacts> counted, double spread)
    {
        var known = counted.GroupBy(Key).ToDictionary(same => same.Key, same => same.First());
        List<TrafficFacts> groups = [];
        foreach (var group in seen)
        {
            groups.Add(known.Remove(Key(group), out var count)
                && count.Entries.Least >= group.Entries.Least && count.Entries.Most <= group.Entries.Most
                ? group with { Entries = count.Entries }
                : group);
        }

        groups.AddRange(counted.Where(group => known.ContainsKey(Key(group)) && group.Entries.Most <= spread));
        return groups;

        static (TrafficView, TrafficClass, string, string?, string?, int?) Key(TrafficFacts g) =>
            (g.View, g.Class, g.Protocol, g.Source, g.Destination, g.Port);
    }

    /// <summary>Puts what was counted of translated addresses in the place of what was only seen.</summary>
    internal static List<TrafficFacts> WithPorts(List<TrafficFacts> groups, IReadOnlyList<NatPorts> nat)
    {
        foreach (var pair in nat.Where(pair => pair.Use.IsExact))
        {
            var (source, destination) = (pair.Use.Source.ToString(), pair.Use.Destination.ToString());
            var seen =
                groups.Find(group => group.View == TrafficView.Translation && group.Source == source && group.Destination == destination
                && (group.Port ?? 0) == pair.Use.Port && group.Protocol == pair.Protocol);
            groups.RemoveAll(group => ReferenceEquals(group, seen));
            groups.Add((seen ?? new TrafficFacts
            {
                View = TrafficView.Translation,
                Class = TrafficClass.Other,
                Protocol = pair.Protocol,
                Source = source,
                Destination = destination,
                Port = pair.Use.Port,
                Entries = default,
                SourceTranslatedPercent = 100,
            }) with
            {
                Entries = new Bounds(pair.Use.Ports, pair.Use.Ports),
                TranslatedPorts = (pair.Use.Lowest, pair.Use.Highest),
                PortRange = (pair.Range.Lowest, pair.Range.Highest),
            });
        }

        return groups;
    }

    /// <summary>New entries a second, of so many seen to be new; null where nothing was compared.</summary>
    internal static Bounds? Rate(long seenNew, TrafficReading reading, long entries)
    {
        if (reading.RateLooked == 0 || reading.Between <= TimeSpan.Zero)
        {
            return null;
        }

        // All were compared: the count is what it is. Else a sample of the buckets was.
        var spread = reading.RateLooked >= entries ? 0 : Deviations * Math.Sqrt(seenNew + 1);
        var scale = Math.Max(1, (double)entries / reading.RateLooked) / reading.Between.TotalSeconds;
        return new Bounds((long)Math.Floor(Math.Max(0, seenNew - spread) * scale), (long)Math.Ceiling((seenNew + spread) * scale));
    }

    private static TrafficFacts Of(TrafficGroup group, TrafficReading reading, long entries, double errorPoints)
    {
        var known = group.Silent + group.Spoken;
        return new TrafficFacts
        {
            View = (TrafficView)group.View,
            Class = (TrafficClass)group.Class,
            Protocol = group.Protocol == 0 ? string.Empty : FlowProtocols.Name(group.Protocol),
            Source = group.Source is not { } source ? null
                : group.PrefixLength > 0 ? $"{source}/{group.PrefixLength}" : source.ToString(),
            Destination = group.Destination?.ToString(),
            Port = group.Port == 0 ? null : group.Port,
            Entries = Scaled(group, reading, entries, errorPoints),
            NewPerSecond = Rate(group.New, reading, entries),
            SilentPercent = known * 2 > group.Count ? 100.0 * group.Silent / known : null,
            SpeakingPercent = reading.RateLooked > 0 && group.Known >= FewestKnown ? 100.0 * group.Speaking / group.Known : null,
            DestinationTranslatedPercent = 100.0 * group.DestinationTranslated / group.Count,
            SourceTranslatedPercent = 100.0 * group.SourceTranslated / group.Count,
            Sources = group.Sources,
            Destinations = group.Destinations,
            Ports = group.Ports,
            TranslatedPorts = group.HighestPort > 0 ? (group.LowestPort, group.HighestPort) : null,
            IdleAtLeast = Idle(group),
        };
    }

    private static Bounds Scaled(TrafficGroup group, TrafficReading reading, long entries, double errorPoints)
    {
        if (reading.Looked == 0)
        {
            return default;
        }

        if (errorPoints <= 0)
        {
            return new Bounds(group.Count, group.Count + group.CountError);
        }

        var scale = (double)entries / reading.Looked;
        var spread = errorPoints / 100 * entries;
        return new Bounds(
            (long)Math.Max(0, (group.Count * scale) - spread),
            (long)Math.Min(entries, ((group.Count + group.CountError) * scale) + spread));
    }

    private static List<(long, double)> Idle(TrafficGroup group)
    {
        var result = new List<(long, double)>();
        var bounds = TrafficGroup.IdleBounds;
        var above = 0L;
        if (group.IdleCounts.Sum() * 2 < group.Count)
        {
            return result;
        }

        for (var i = bounds.Count - 1; i > 0; i--)
        {
            above += group.IdleCounts[i];
            result.Insert(0, (bounds[i], 100.0 * above / group.Count));
        }

        return result;
    }
}
