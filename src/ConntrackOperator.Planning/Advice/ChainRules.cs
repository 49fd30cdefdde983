using System.Globalization;

namespace ConntrackOperator.Planning.Advice;

/// <summary>Packets lost because hash chains are long, not because the table is full.</summary>
internal static class ChainRules
{
    // Each entry is in two chains, one a direction. Short chains can't be at fault: insert_failed alone then means races lost,
    // such as two DNS queries from one port, which no size cures.
    private const double LongChain = 4;

    internal static IEnumerable<AdviceItem> Advise(Situation situation)
    {
        var facts = situation.Facts;
        if (facts.Buckets <= 0)
        {
            yield break;
        }

        var chain = 2.0 * facts.Entries / facts.Buckets;
        var refused = Situation.Counts(facts.Rates.ChainTooLong);
        var suspected = Situation.Counts(facts.Rates.InsertFailed) && chain >= LongChain;
        if (!refused && !suspected)
        {
            yield break;
        }

        var room = situation.Usage is > 0 and < Situation.HighPercent ? $" although the table is only {Figures.Percent(situation.Usage)} full" : string.Empty;
        var why = refused
            ? $"{Figures.Count(facts.Rates.ChainTooLong)} entries a minute are refused because a hash chain is too long{room}"
            : $"{Figures.Count(facts.Rates.InsertFailed)} entries a minute can't be inserted{room}, with about {Figures.Count(chain)} entries in each hash chain";
        var buckets = Buckets(facts);
        var text = buckets.ToString(CultureInfo.InvariantCulture);
        var item = new AdviceItem
        {
            Kind = AdviceKind.ChainsTooLong,
            Severity = refused ? AdviceSeverity.Critical : AdviceSeverity.Warning,
            Text = $"{why}, and the node's memory has no room for more buckets: make room in the table",
        };
        yield return buckets <= facts.Buckets ? item : item with
        {
            Text = $"{why}: table.buckets {text} would make the chains {Figures.Count(Math.Floor((double)buckets / facts.Buckets))} times shorter",
            Field = "table.buckets",
            Value = text,
        };
    }

    // One bucket an entry is the kernel's own ratio; where that is not enough, twice as many as there are.
    private static long Buckets(TableFacts facts)
    {
        var wanted = Math.Max(2 * facts.Buckets, Math.Max(facts.Limit, TableSizing.MinimumEntries));
        if (facts.NodeMemoryBytes > 0)
        {
            var left = TableSizing.Share(facts.NodeMemoryBytes, facts.MemoryLimitPercent) - (Math.Max(facts.Limit, facts.Entries) * facts.BytesPerEntry);
            wanted = Math.Min(wanted, left / TableSizing.BytesPerBucket / TableSizing.BucketStep * TableSizing.BucketStep);
        }

        // Growing by less than makes the chains half as long is not worth a rehash of every entry.
        var rounded = TableSizing.RoundBuckets(Math.Max(0, Math.Min(wanted, TableSizing.MaximumEntries)));
        return rounded >= Math.Max(2 * facts.Buckets, TableSizing.MinimumEntries) ? rounded : 0;
    }
}
