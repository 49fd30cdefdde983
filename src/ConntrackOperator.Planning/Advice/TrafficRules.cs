using System.Globalization;

namespace ConntrackOperator.Planning.Advice;

/// <summary>Traffic that behaves badly: floods, scans and clients that do not close their connections.</summary>
internal static class TrafficRules
{
    private const double FloodPercent = 15;
    private const double FloodUnrepliedShare = 0.8;
    private const double MajorityPercent = 50;
    private const double CloseWaitPercent = 10;
    private const double EstablishedPercent = 20;

    // Connections to a busy service are many, too; those that pile up are idle.
    private const double IdleMajority = 0.5;
    private const int MostLeaks = 3;

    internal static IEnumerable<AdviceItem> Advise(Situation situation) =>
        situation.IsTight ? [.. Unreplied(situation), .. Leaks(situation)] : [];

    private static IEnumerable<AdviceItem> Unreplied(Situation situation)
    {
        var facts = situation.Facts;
        var floods = facts.TopUnrepliedSources.Where(source => IsFlood(situation, source)).ToList();
        var (remedy, group) = Remedy(situation);
        foreach (var source in floods)
        {
            yield return Item(
                AdviceKind.FloodFromOneSource,
                $"{Figures.Percent(source.Percent)} of entries are from {source.Address} and have had no reply, as in a flood or a scan: block that source or limit its rate",
                facts.Entries * source.Percent / 100);
        }

        if (floods.Count == 0 && situation.IsAtLeast(facts.UnrepliedPercent, MajorityPercent))
        {
            var spread = facts.TopUnrepliedSources.Count > 0 ? ", spread over many sources" : string.Empty;
            yield return Item(
                AdviceKind.UnrepliedMajority,
                $"{Figures.Percent(facts.UnrepliedPercent)} of entries have had no reply{spread}, as in a scan or a flood: limit new connections at the edge",
                facts.Entries * facts.UnrepliedPercent / 100);
        }

        AdviceItem Item(AdviceKind kind, string text, double entries)
        {
            var freed = group is null ? 0 : (long)Math.Min(entries, group.Freed);
            return new AdviceItem
            {
                Kind = kind,
                Severity = situation.Drops ? AdviceSeverity.Critical : AdviceSeverity.Warning,
                Text = group is null ? text : $"{text}; {remedy(freed)}",
                Field = group?.Field,
                Value = group is null ? null : KubeDuration.Format(group.Seconds!.Value),
                EntriesFreed = freed > 0 ? freed : null,
            };
        }
    }

    // A gateway with many clients behind it has a large share as well, but is answered.
    private static bool IsFlood(Situation situation, SourceFacts source)
    {
        var all = situation.Facts.TopSources.FirstOrDefault(candidate => candidate.Address == source.Address)?.Percent ?? source.Percent;
        return situation.IsAtLeast(source.Percent, FloodPercent) && source.Percent >= all * FloodUnrepliedShare;
    }

    // The time-out that most entries without a reply live by, of those that can be shorter.
    private static (Func<long, string> Text, TimeoutGroup? Group) Remedy(Situation situation)
    {
        var group = situation.Timeouts
            .Where(candidate => candidate.Seconds is not null && candidate.UnrepliedEntries > candidate.Entries * IdleMajority)
            .MaxBy(candidate => candidate.UnrepliedEntries);
        return (freed => TimeoutRules.Remedy(group!, freed), group);
    }

    private static IEnumerable<AdviceItem> Leaks(Situation situation) => situation.Facts.TcpDestinations
        .Select(destination => Leak(situation, destination))
        .OfType<AdviceItem>()
        .Take(MostLeaks);

    private static AdviceItem? Leak(Situation situation, DestinationFacts destination)
    {
        var group = situation.Timeouts.FirstOrDefault(candidate => candidate.Name == destination.State);
        var isCloseWait = destination.State == "CLOSE_WAIT";
        if (group is null || !situation.IsAtLeast(destination.Percent, isCloseWait ? CloseWaitPercent : EstablishedPercent)
            || (!isCloseWait && group.FreedShare < IdleMajority))
        {
            return null;
        }

        var place = string.Create(
            CultureInfo.InvariantCulture,
            $"{(destination.Address.Contains(':', StringComparison.Ordinal) ? $"[{destination.Address}]" : destination.Address)}:{destination.Port}");
        var text = $"{Figures.Percent(destination.Percent)} of entries are {destination.State} to {place}: "
            + (isCloseWait ? "one end has closed and the other does not, so look for a program that leaks sockets" : "a client opens connections and leaves them idle, so look at its connection pool");
        var item = new AdviceItem { Kind = AdviceKind.LeakingClient, Severity = AdviceSeverity.Warning, Text = text };
        if (group.Seconds is not { } seconds)
        {
            return item;
        }

        var freed = (long)Math.Min(group.Freed, situation.Facts.Entries * destination.Percent / 100 * group.FreedShare);
        return item with
        {
            Text = $"{text}; {TimeoutRules.Remedy(group, freed)}",
            Field = group.Field,
            Value = KubeDuration.Format(seconds),
            EntriesFreed = freed > 0 ? freed : null,
        };
    }
}
