using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Engine;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Cli.Host;

/// <summary>Prints how the settings of this machine stand.</summary>
internal static class HostReport
{
    private const string Unknown = "-";

    /// <summary>The table of a change: what was there, what is there, what is wanted.</summary>
    /// <param name="node">The machine after the change.</param>
    /// <param name="before">What each key held before it; also of keys that left the plan.</param>
    /// <param name="gone">Keys that left the plan.</param>
    public static void Change(ConntrackNode node, IReadOnlyDictionary<string, long?> before, IReadOnlyList<GoneSetting> gone)
    {
        var table = new TextTable("SETTING", ">BEFORE", ">NOW", ">WANTED", "STATE", "POLICY");
        foreach (var s in node.Status?.Settings ?? [])
        {
            table.Add(
                s.Name!, Text(s.Name!, before.GetValueOrDefault(s.Name!)), Text(s.Name!, s.Actual), Text(s.Name!, s.Desired ?? s.Original),
                s.State.ToString()!, s.Policy ?? Unknown);
        }

        foreach (var g in gone)
        {
            table.Add(
                g.Name, Text(g.Name, before.GetValueOrDefault(g.Name)), Text(g.Name, g.Now),
                g.IsKept ? Unknown : Text(g.Name, g.Original), g.IsKept ? "Kept" : "Restored", Unknown);
        }

        foreach (var refused in node.Spec?.Refused ?? [])
        {
            var held = Text(refused.Name!, before.GetValueOrDefault(refused.Name!));
            table.Add(refused.Name!, held, held, Unknown, "Refused", refused.Policy ?? Unknown);
        }

        table.Print();
        Messages(node, gone.Where(g => g.IsKept).Select(g => g.IsByHand
            ? $"{g.Name}: left as it is: no policy set it, `host restore --from` did; `host restore` puts back what it held before, "
                + Text(g.Name, g.Original)
            : $"{g.Name}: left as it is, since the policy that set it said onDelete: Keep; before that it held "
                + Text(g.Name, g.Original)));
    }

    /// <summary>The keys that this process's plan has not, or no longer, and that were put back or left.</summary>
    /// <param name="engine">After the pass.</param>
    /// <param name="node">The machine after the pass: what is still to be put back stands there.</param>
    /// <param name="originals">What was kept of each key before the pass.</param>
    public static List<GoneSetting> Gone(NodeEngine engine, ConntrackNode node, Dictionary<string, long> originals)
    {
        var shown = node.Status!.Settings!.Select(s => s.Name).ToHashSet();
        return [.. originals.Where(o => !shown.Contains(o.Key)).Select(o =>
        {
            var byHand = engine.Originals.IsByHand(o.Key);
            return new GoneSetting(
                o.Key, engine.Sysctls.Read(o.Key).Value, o.Value, byHand || engine.Kept.ContainsKey(o.Key), byHand);
        })];
    }

    /// <summary>The table of a state: what was there at first, what is there, what is wanted.</summary>
    public static void State(ConntrackNode node)
    {
        var table = new TextTable("SETTING", ">ORIGINAL", ">NOW", ">WANTED", "STATE", "POLICY");
        foreach (var s in node.Status?.Settings ?? [])
        {
            table.Add(
                s.Name!, Text(s.Name!, s.Original), Text(s.Name!, s.Actual), Text(s.Name!, s.Desired ?? s.Original), s.State.ToString()!,
                s.Policy ?? Unknown);
        }

        table.Print();
        Messages(node, []);
    }

    /// <summary>Fields that two policies of equal priority set differently.</summary>
    public static void Conflicts(NodePlan plan)
    {
        foreach (var c in plan.Conflicts)
        {
            Console.Error.WriteLine(
                $"conflict: {c.Field}: policy {c.Winner} says {c.WinnerValue} and policy {c.Loser} {c.LoserValue}, with equal priority; "
                    + $"{c.WinnerValue} is taken");
        }
    }

    /// <summary>"3 settings: 2 InSync, 1 ReadOnly".</summary>
    public static string Count(ConntrackNode node, IReadOnlyList<GoneSetting> gone)
    {
        var settings = node.Status?.Settings ?? [];
        var parts = settings.GroupBy(s => s.State!.Value).OrderBy(g => g.Key).Select(g => Number(g.Count(), g.Key.ToString())).ToList();
        if (gone.Count(g => !g.IsKept) is > 0 and var restored)
        {
            parts.Add(Number(restored, "Restored"));
        }

        if (gone.Count(g => g.IsKept) is > 0 and var kept)
        {
            parts.Add(Number(kept, "Kept"));
        }

        if (node.Spec?.Refused is { Count: > 0 } refused)
        {
            parts.Add(Number(refused.Count, "Refused"));
        }

        var total = settings.Count + gone.Count + (node.Spec?.Refused?.Count ?? 0);
        var what = total == 1 ? "1 setting" : Number(total, "settings");
        return parts.Count == 0 ? what : $"{what}: {string.Join(", ", parts)}";
    }

    public static string Number(long number, string what) => $"{number} {what}";

    private static void Messages(ConntrackNode node, IEnumerable<string> more)
    {
        // What is only to be set stands in the table; why nothing can be set yet, in the summary.
        var lines = (node.Status?.Settings ?? []).Where(s => s.Message is not null && s.State != SettingState.Pending)
            .Select(s => s.Message!.StartsWith(s.Name!, StringComparison.Ordinal) ? s.Message : $"{s.Name}: {s.Message}")
            .Concat((node.Spec?.Refused ?? []).Select(r => $"{r.Name}: refused ({r.Reason}): {r.Message}"))
            .Concat(more)
            .ToList();
        if (lines.Count > 0)
        {
            Console.Out.WriteLine();
            lines.ForEach(Console.Out.WriteLine);
        }

        Console.Out.WriteLine();
    }

    private static string Text(string name, long? value) => SysctlWords.Of(name, value, Unknown);
}
