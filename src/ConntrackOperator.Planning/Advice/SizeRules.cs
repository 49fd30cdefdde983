using System.Globalization;

namespace ConntrackOperator.Planning.Advice;

/// <summary>A table that is too small, or full of what the kernel can't evict.</summary>
internal static class SizeRules
{
    private const double FullPercent = 95;
    private const double AssuredMajorityPercent = 90;

    // Shorter time-outs suffice when the table would then be under this share of the limit.
    private const double EnoughRoom = 0.6;

    // A table beside which the node has little left to work with is no advice to give.
    private const int MostMemoryPercent = 25;

    internal static IEnumerable<AdviceItem> Advise(Situation situation)
    {
        if (situation.Facts.Limit <= 0 || !situation.IsTight)
        {
            yield break;
        }

        if (FullOfAssured(situation) is { } full)
        {
            yield return full;
        }

        if (TooSmall(situation) is { } small)
        {
            yield return small;
        }
    }

    private static AdviceItem? FullOfAssured(Situation situation)
    {
        var facts = situation.Facts;
        var isFull = situation.Drops && situation.Usage >= FullPercent && situation.IsAtLeast(facts.AssuredPercent, AssuredMajorityPercent);
        var best = TimeoutRules.Worthwhile(situation).MaxBy(group => group.Freed);
        return !isFull || best is null ? null : new AdviceItem
        {
            Kind = AdviceKind.FullOfAssured,
            Severity = AdviceSeverity.Critical,
            Text = $"{Figures.Count(facts.Rates.Drops)} packets a minute are dropped because the table is full and {Figures.Percent(facts.AssuredPercent)} of its"
                + $" entries are assured, which the kernel does not evict: {TimeoutRules.Remedy(best, best.Freed)}",
            Field = best.Field,
            Value = KubeDuration.Format(best.Seconds!.Value),
            EntriesFreed = best.Freed,
        };
    }

    private static AdviceItem? TooSmall(Situation situation)
    {
        var facts = situation.Facts;
        var kept = facts.Entries - Math.Min(facts.Entries, TimeoutRules.Worthwhile(situation).Sum(group => group.Freed));
        if (situation.Usage < Situation.HighPercent || kept < facts.Limit * EnoughRoom)
        {
            return null;
        }

        var wanted = Math.Min(PowerOfTwo(Math.Max(2 * kept, facts.Limit + (facts.Limit / 2))), TableSizing.MaximumEntries);
        var possible = facts.NodeMemoryBytes <= 0 ? wanted : Math.Min(wanted, Within(facts, facts.MemoryLimitPercent));
        var why = $"the table is {Figures.Percent(situation.Usage)} full, and {Figures.Count(kept)} of its {Figures.Count(facts.Limit)} entries are in use whatever the time-outs";
        var item = new AdviceItem { Kind = AdviceKind.TableTooSmall, Severity = situation.Severity, Text = why };

        // Growing by less than a quarter is not done by the agent, and would soon be used up.
        if (possible >= facts.Limit + (facts.Limit / 4))
        {
            return item with
            {
                Text = $"{why}: table.size.entries {Text(possible)} would take {ByteSize.Format(Memory(facts, possible))} when full",
                Field = "table.size.entries",
                Value = Text(possible),
            };
        }

        var percent = Enumerable.Range(1, MostMemoryPercent).FirstOrDefault(percent => Within(facts, percent) >= wanted);
        return percent > facts.MemoryLimitPercent && wanted >= facts.Limit + (facts.Limit / 4)
            ? item with
            {
                Text = $"{why}, but a larger one would pass {facts.MemoryLimitPercent}% of the node's memory: table.memoryLimitPercent {Text(percent)}"
                    + $" lets table.size.entries be {Text(wanted)}",
                Field = "table.memoryLimitPercent",
                Value = Text(percent),
            }
            : item with { Text = $"{why}, and the node's memory has no room for a larger one: spread the connections over more nodes" };
    }

    // What fits beside the buckets, which never shrink.
    private static long Within(TableFacts facts, int percent)
    {
        var budget = TableSizing.Share(facts.NodeMemoryBytes, percent);
        var entries = TableSizing.EntriesWithin(budget, facts.BytesPerEntry);
        return entries >= facts.Buckets ? entries : Math.Min(entries, TableSizing.EntriesWithin(budget, facts.BytesPerEntry, facts.Buckets));
    }

    private static long Memory(TableFacts facts, long entries) =>
        TableSizing.MemoryBytes(entries, TableSizing.RoundBuckets(Math.Max(entries, facts.Buckets)), facts.BytesPerEntry);

    private static long PowerOfTwo(long atLeast) => (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)atLeast);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
