using System.Text;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Cli.Top;

/// <summary>Findings as lines for people: commands stand at the left edge, so that they can be pasted. Pure.</summary>
internal static class AdviceOutputText
{
    public static string Render(AdviceOutput output)
    {
        var text = new StringBuilder();
        text.Append(Headline(output)).Append('\n');
        if (output.Findings.Count == 0)
        {
            text.Append("\nnothing to change: the table has room, and what is in it is in use\n");
        }

        for (var i = 0; i < output.Findings.Count; i++)
        {
            var f = output.Findings[i];
            text.Append($"\n{i + 1}. {f.Severity}: {f.Text}\n");
            text.Append($"   cause      {f.Cause}, {f.Confidence.ToString().ToLowerInvariant()}; {f.Runbook}\n");
            Lines(text, "seen", f.Seen);
            Lines(text, "because", [f.Because]);
            Lines(text, "not", f.RuledOut.Select(rival => $"{rival.Cause}: {rival.Why}"));
            Lines(text, "whose", f.Who.Select(Whose));
            if (f.Enough is { } enough)
            {
                Lines(text, "enough?", [enough.Text]);
            }

            Steps(text, "now", f.Now);
            Lines(text, "frees", Frees(f));
            Lines(text, "may break", f.MayBreak);
            if (f.Elsewhere is { } elsewhere)
            {
                Lines(text, "elsewhere", [elsewhere]);
            }

            Steps(text, "for good", f.ForGood);
            Lines(text, "not known", f.NotKnown.Select(n => $"{n.What}: {n.Look}"));
        }

        if (output.Findings.Count > 0 && output.NotKnown.Count > 0)
        {
            text.Append("\nnot looked at\n");
            Lines(text, string.Empty, output.NotKnown.Select(n => $"{n.What}: {n.Look}"));
        }

        return text.ToString();
    }

    private static string Headline(AdviceOutput output)
    {
        var t = output.Table;
        var full = t.NoLimit == true ? "no limit" : $"{t.Percent}% of {TopText.Number(t.Limit)}";
        var soon = t.FullInSeconds is { } seconds
            ? $"; full in {Planning.Formatting.KubeDuration.Format(seconds)} as it grows now" : string.Empty;
        return $"{output.Node}: {TopText.Number(t.Entries)} entries ({full}), pressure {output.Pressure}{Looked(output)}{soon}";
    }

    private static string Looked(AdviceOutput output)
    {
        var t = output.Table;
        if (t.Looked is null)
        {
            return string.Empty;
        }

        var within = t.Complete == true ? string.Empty : $", shares to within {t.ErrorBoundPercent:0.0} points";
        var when = t.WatchedSeconds is { } seconds ? $", twice in {seconds:0.#} s"
            : output.At is { } at ? $"; the agent's report of {at:yyyy-MM-dd HH:mm:ss}Z" : string.Empty;
        return $"; {t.Looked} looked at{within}{when}";
    }

    private static IEnumerable<string> Frees(Finding f)
    {
        if (f.Frees is { Most: > 0 } frees)
        {
            yield return $"{frees} entries; "
                + (f.FullAgainSeconds is { } seconds
                    ? $"full again in {(seconds < 1 ? "less than 1s" : Planning.Formatting.KubeDuration.Format(seconds))} at today's rate"
                    : "not full again at today's rate");
        }
    }

    private static string Whose(Party party)
    {
        var place = party.Network ?? (party.Address is null ? party.Name ?? "-" : party.Port is { } port
            ? $"{(party.Address.Contains(':', StringComparison.Ordinal) ? $"[{party.Address}]" : party.Address)}:{port}" : party.Address);
        var share = party.Percent is { } percent ? $" {percent:0.#}%" : string.Empty;
        var count = party.Entries is { } entries ? $" ({entries:N0} entries)" : string.Empty;
        return $"{party.Role.ToLowerInvariant()} "
            + $"{place}{share}{count}{(party.Name is { } name && party.Address is not null ? ", " + name : string.Empty)}";
    }

    private static void Lines(StringBuilder text, string name, IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            text.Append("   ").Append(name.PadRight(11)).Append(line).Append('\n');
            name = string.Empty;
        }
    }

    private static void Steps(StringBuilder text, string name, IReadOnlyList<AdviceStep> steps)
    {
        if (steps.Count == 0)
        {
            return;
        }

        text.Append("   ").Append(name).Append('\n');
        foreach (var step in steps)
        {
            text.Append("# ").Append(step.What.Replace("\n", "\n# ", StringComparison.Ordinal)).Append('\n');
            if (step.Run is { } run)
            {
                text.Append(run).Append('\n');
            }
            else if (step.Yaml is { } yaml)
            {
                text.Append(yaml);
            }
        }
    }
}
