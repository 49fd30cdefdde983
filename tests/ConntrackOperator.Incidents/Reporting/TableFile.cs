using ConntrackOperator.Incidents.Running;

namespace ConntrackOperator.Incidents.Reporting;

/// <summary>Writes the table into a page, between two markers.</summary>
internal static class TableFile
{
    private const string Begin = "<!-- incidents: begin -->";
    private const string End = "<!-- incidents: end -->";

    /// <exception cref="InvalidOperationException">The page has no markers.</exception>
    internal static void Write(string file, IReadOnlyList<Outcome> outcomes, IReadOnlyList<Goal> goals)
    {
        var page = File.ReadAllText(file);
        var begin = page.IndexOf(Begin, StringComparison.Ordinal);
        var end = page.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw new InvalidOperationException($"{file}: no {Begin} … {End}");
        }

        var text =
            $"{Begin}\n{ResultTable.Markdown(outcomes)}\n"
                + $"{string.Join("\n", goals.Select(g => $"- {(g.Met ? "" : "**not met** ")}{g.Text}"))}\n";
        File.WriteAllText(file, page[..begin] + text + page[end..]);
    }
}
