using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>Packets lost because hash chains are long, not because the table is full.</summary>
internal static class ChainRules
{
    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        var facts = situation.Facts;
        if (facts.Buckets <= 0 || !RateFacts.Counts(facts.Rates.ChainTooLong))
        {
            yield break;
        }

        // nf_conntrack_hash is one for all network namespaces: what hangs in its chains are the entries of each of them.
        var others = facts.Namespaces.Where(ns => ns.Entries > 0).OrderByDescending(ns => ns.Entries).ToList();
        var theirs = others.Sum(ns => ns.Entries);
        var all = facts.Entries + theirs;
        var buckets = Buckets(facts, Math.Max(all, situation.AdvisedSize));
        var text = buckets.ToString();
        var chain = 2.0 * all / facts.Buckets;
        var why = $"{Figures.Count(facts.Rates.ChainTooLong)} entries a minute are refused because a hash chain is too long"
            + (situation.Usage is > 0 and < 75 ? $" although the table is only {Figures.Percent(situation.Usage)} full" : string.Empty)
            + (theirs > facts.Entries
                ? $", and most entries in the chains are other namespaces': {Figures.List(others.Select(NamespaceRules.Whose))}"
                : string.Empty);
        var possible = buckets > facts.Buckets;
        yield return new Finding
        {
            Cause = Cause.ChainsTooLong,
            Severity = AdviceSeverity.Critical,
            Confidence = Confidence.Certain,
            Text = possible
                ? $"{why}: table.buckets {text} would make the chains {Figures.Count(Math.Floor((double)buckets / facts.Buckets))} times "
                + "shorter"
                : $"{why}, and the node's memory has no room for more buckets: make room in the table",
            Seen = [
                $"{all:N0} entries in {facts.Buckets:N0} buckets: about {chain:0.#} in each chain, each entry in two",
                .. theirs == 0
                    ? []
                    : (string[])[
                        $"{theirs:N0} of them are other network namespaces': "
                            + Figures.List(others.Select(ns => $"{ns.Entries:N0} of {NamespaceRules.Whose(ns)}"))]],
            Because =
                "the kernel counts what it refuses for the length of a chain (chaintoolong), apart from what it refuses for want of room; "
                    + "the buckets are shared by all network namespaces of the machine, so each one's entries make these chains longer",
            RuledOut = [
                new Rival(Cause.TableTooSmall, $"the table is {Figures.Percent(situation.Usage)} full"),
                new Rival(Cause.LostRaces, "these are counted apart")],
            Who = [.. others.Take(3).Select(NamespaceRules.PartyOf)],
            Now = possible
                ? [Commands.Apply(
                    facts.Target,
                    "More buckets, for the entries of all namespaces: each is hashed again, with locks held for some milliseconds",
                    ("table.buckets", text))] : [],
            ForGood = [
                new AdviceStep(
                    theirs > facts.Entries
                        ? "One bucket for each entry of all namespaces: keep table.buckets in the policy, since without it they follow the "
                        + "size, which each namespace has for itself"
                        : "One bucket for each entry that the table can hold: leave table.buckets out of the policy, and they follow the "
                        + "size")],
            Field = possible ? "table.buckets" : null,
            Value = possible ? text : null,
            Sufficient = possible,
            Elsewhere = possible ? null
                : theirs > facts.Entries
                    ? $"make room in the table of {NamespaceRules.Whose(others[0])}: the node's memory has no room for more buckets"
                : "make room in the table: the node's memory has no room for more buckets",
            NotKnown = facts.NamespacesLooked
                ? []
                : [new NotKnown(
                    "how many entries other network namespaces have in the same buckets: their processes are not seen from here",
                    Commands.Look(facts.Target, "advise"))],
        };
    }

    // One bucket an entry is the kernel's own ratio; where that is not enough, twice as many as there are.
    private static long Buckets(TableFacts facts, long all)
    {
        var wanted = Math.Max(2 * facts.Buckets, Math.Max(Math.Max(facts.Limit, all), TableSpec.MinimumEntries));
        if (facts.NodeMemoryBytes > 0)
        {
            var left = TableSizing.Share(
                facts.NodeMemoryBytes, facts.MemoryLimitPercent) - (Math.Max(facts.Limit, all) * TableSizing.BytesPerEntry);
            wanted = Math.Min(wanted, left / TableSizing.BytesPerBucket / TableSizing.BucketStep * TableSizing.BucketStep);
        }

        // Growing by less than makes the chains half as long is not worth a rehash of every entry.
        var rounded = TableSizing.RoundBuckets(Math.Max(0, Math.Min(wanted, TableSpec.MaximumEntries)));
        return rounded >= Math.Max(2 * facts.Buckets, TableSpec.MinimumEntries) ? rounded : 0;
    }
}
