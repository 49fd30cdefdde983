using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Formatting;
using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>A table that is too small for what is in use.</summary>
internal static class SizeRules
{
    // What the other findings leave is a small table's fault when it takes this share of the limit.
    private const double EnoughRoom = 0.6;

    // A table beside which the node has little left to work with is no advice to give.
    private const int MostMemoryPercent = 25;

    // What is raised by less is soon used up, and the agent does not resize for less.
    private const double LeastGrowth = 1.25;

    // Each less than a cause by itself, together they are no reason for a larger table.
    private static readonly TrafficClass[] _notInUse =
    [
        TrafficClass.SynSent, TrafficClass.SynReceived, TrafficClass.OneWay, TrafficClass.CloseWait, TrafficClass.TimeWait,
        TrafficClass.Closing,
        TrafficClass.UdpUnreplied, TrafficClass.OtherUnreplied,
    ];

    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        var facts = situation.Facts;
        var kept = situation.Unexplained;
        var inUse = kept - _notInUse.Sum(situation.Left);
        if (facts.Limit <= 0 || !situation.IsTight || situation.Usage < facts.WarningPercent || inUse < facts.Limit * EnoughRoom)
        {
            yield break;
        }

        var wanted = Math.Min(PowerOfTwo(Math.Max(2 * kept, facts.Limit + (facts.Limit / 2))), TableSpec.MaximumEntries);
        var possible = facts.NodeMemoryBytes <= 0 ? wanted : Math.Min(wanted, Within(facts, facts.MemoryLimitPercent));
        var why = $"the table is {Figures.Percent(situation.Usage)} full of connections in use";
        var finding = new Finding
        {
            Cause = Cause.TableTooSmall,
            Severity = situation.Severity,
            Confidence = situation.Facts.Watched > TimeSpan.Zero ? Confidence.Likely : Confidence.Suspected,
            Text = why,
            Seen = situation.Seen(new Bounds(kept, kept), "none of the other causes'", situation.Arrivals(facts.NewPerSecond)),
            Because = "no source, place or state holds a share that is idle, unanswered or over",
            RuledOut =
            [
                new Rival(Cause.IdleConnections, "fewer than one entry in twenty is idle for longer than its safe time-out"),
                new Rival(Cause.LeakingClient, "no client holds a share that sends nothing"),
                new Rival(Cause.UdpFlood, "what is unanswered is less than one entry in seven"),
            ],
            Entries = new Bounds(kept, kept),
            NewPerSecond = situation.Arrivals(facts.NewPerSecond),
            MayBreak = ["buckets follow the size, and the table is rehashed with locks held: some milliseconds for each 100,000 entries"],
        };
        if (possible >= facts.Limit * LeastGrowth)
        {
            situation.AdvisedSize = possible;
            yield return finding with
            {
                Text = $"{why}: table.size.entries {Text(possible)} would take {ByteSize.Format(Memory(facts, possible))} when full",
                Field = "table.size.entries",
                Value = Text(possible),
                Now = [
                    Commands.Apply(
                        facts.Target, $"Raise the limit; {ByteSize.Format(Memory(facts, possible))} of memory when it is full",
                        ("table.size.entries", Text(possible)))],
                ForGood = [new AdviceStep("Keep it in the policy; nodes of different size take table.size.auto")],
            };
            yield break;
        }

        var percent = Enumerable.Range(1, MostMemoryPercent).FirstOrDefault(percent => Within(facts, percent) >= wanted);
        if (percent > facts.MemoryLimitPercent && wanted >= facts.Limit * LeastGrowth)
        {
            situation.AdvisedSize = wanted;
            yield return finding with
            {
                Text =
                    $"{why}, but a larger one would pass {facts.MemoryLimitPercent}% of the node's memory: table.memoryLimitPercent "
                        + $"{Text(percent)} lets table.size.entries be {Text(wanted)}",
                Field = "table.memoryLimitPercent",
                Value = Text(percent),
                Now = [
                    Commands.Apply(
                        facts.Target, "Let it take more of the memory, and raise the limit", ("table.memoryLimitPercent", Text(percent)),
                        ("table.size.entries", Text(wanted)))],
                ForGood = [new AdviceStep("Keep it in the policy")],
            };
            yield break;
        }

        yield return finding with
        {
            Text = $"{why}, and the node's memory has no room for a larger one: spread the connections over more nodes",
            Sufficient = false,
            Elsewhere = "more nodes: this one's memory has no room for a larger table",
        };
    }

    /// <summary>A size for so many entries and half as many again, when the memory limit allows it; null when not.</summary>
    internal static long? Size(TableFacts facts, long entries)
    {
        var wanted = PowerOfTwo(Math.Max(entries + (entries / 2), facts.Limit + (facts.Limit / 2)));
        return wanted > TableSpec.MaximumEntries || facts.Limit <= 0
            || (facts.NodeMemoryBytes > 0 && Within(facts, facts.MemoryLimitPercent) < wanted) ? null : wanted;
    }

    // What fits beside the buckets, which never shrink, as the planner reckons: else it would refuse what is advised.
    private static long Within(TableFacts facts, int percent)
    {
        var budget = TableSizing.Share(facts.NodeMemoryBytes, percent);
        var entries = TableSizing.EntriesWithin(budget, TableSizing.BytesPerEntry);
        return entries >= facts.Buckets
            ? entries : Math.Min(entries, TableSizing.EntriesWithin(budget, TableSizing.BytesPerEntry, facts.Buckets));
    }

    private static long Memory(TableFacts facts, long entries) =>
        TableSizing.MemoryBytes(entries, TableSizing.RoundBuckets(Math.Max(entries, facts.Buckets)), TableSizing.BytesPerEntry);

    private static long PowerOfTwo(long atLeast) => (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)Math.Max(1, atLeast));

    private static string Text(long number) => number.ToString();
}
