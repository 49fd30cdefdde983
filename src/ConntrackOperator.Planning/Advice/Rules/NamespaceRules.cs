using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>Other namespaces' tables: a pod's own is measured by the same limit, and no counter of the host's sees its losses.</summary>
internal static class NamespaceRules
{
    internal static IEnumerable<Finding> Advise(Situation situation) => situation.Facts.Namespaces
        .Where(ns => ns.Percent is { } percent && (RateFacts.Counts(ns.DropsPerMinute) || percent >= situation.Facts.CriticalPercent))
        .OrderByDescending(ns => ns.DropsPerMinute ?? 0).ThenByDescending(ns => ns.Percent)
        .Select(ns => Full(situation.Facts, ns));

    private static Finding Full(TableFacts facts, NamespaceFacts ns)
    {
        var losing = RateFacts.Counts(ns.DropsPerMinute);
        var who = Whose(ns);
        var enter = ns.Name is not null ? $"ip netns exec {ns.Name} " : ns.Pid is { } pid ? $"nsenter --target {pid} --net " : null;
        return new Finding
        {
            Cause = Cause.OtherNamespaceFull,
            Severity = losing ? AdviceSeverity.Critical : AdviceSeverity.Warning,
            Confidence = Confidence.Certain,
            Text =
                $"the table of {who} is {ns.Percent}% full: {ns.Entries:N0} of {ns.Limit:N0} entries"
                    + (losing ? $", {Figures.Count(ns.DropsPerMinute!.Value)} packets lost a minute" : string.Empty)
                    + "; look in there for what fills it",
            Seen =
            [
                $"{ns.Entries:N0} of {ns.Limit:N0} entries in network namespace {ns.Inode}; "
                    + (ns is { DropsPerMinute: { } drops, EarlyDropsPerMinute: { } evicted }
                        ? $"{Figures.Count(drops)} packets a minute are lost there, {Figures.Count(evicted)} entries evicted early"
                        : "looked at once so far, so what is lost there is not known"),
                $"this namespace's own table has {facts.Entries:N0}",
            ],
            Because =
                "each network namespace has a table of its own, and the one limit of the machine holds for each of them; the kernel's "
                    + "log names it by its inode: table full in netns "
                + ns.Inode.ToString(),
            RuledOut = [
                new Rival(
                    Cause.TableTooSmall,
                    $"the table of the namespace that this looks at is another one, with {Figures.Count(facts.Entries)} entries")],
            Who = [PartyOf(ns) with { Percent = ns.Percent }],
            Entries = new Bounds(ns.Entries, ns.Entries),
            Now = enter is null
                ? []
                : [new AdviceStep(
                    "See what fills it, and what to do: the same advice, from in there", $"{enter}{facts.Target.Program} host advise")],
            ForGood = [new AdviceStep("The limit is the machine's: a larger one on the host (table.size) is a larger one in there")],
            Sufficient = false,
            Elsewhere = "in that namespace: the advice from in there says what fills it",
            NotKnown = enter is null ? [new NotKnown("a process in it", $"lsns -t net -o NS,PID,COMMAND | grep {ns.Inode}")] : [],
        };
    }

    /// <summary>The namespace, its role said apart from its name.</summary>
    internal static Party PartyOf(NamespaceFacts ns) => new()
    {
        Role = "Namespace",
        Name = Name(ns),
        Pid = ns.Pid,
        Entries = ns.Entries,
    };

    /// <summary>Whose table it is, in a sentence.</summary>
    internal static string Whose(NamespaceFacts ns) => ns.Pod is not null ? Name(ns)
        : ns.Name is not null ? $"namespace {Name(ns)}"
        : ns.Process is not null ? Name(ns)
        : $"network namespace {Name(ns)}";

    private static string Name(NamespaceFacts ns)
    {
        var process = ns.Process is null ? null : $"{ns.Process} (pid {ns.Pid})";
        var name = ns.Pod is not null ? $"pod {ns.Pod}" : ns.Name;
        return name is null ? process ?? ns.Inode.ToString() : process is null ? name : $"{name}, {process}";
    }
}
