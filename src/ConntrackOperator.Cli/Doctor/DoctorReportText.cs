using System.Text;
using ConntrackOperator.Cli.Doctor.Rules;

namespace ConntrackOperator.Cli.Doctor;

/// <summary>The report as lines for people: what can be pasted stands at the left edge. Pure.</summary>
internal static class DoctorReportText
{
    private const int MostNodes = 5;

    public static string Render(DoctorReport report)
    {
        var text = new StringBuilder();
        foreach (var line in report.Looked)
        {
            text.Append(line).Append('\n');
        }

        var number = 0;
        foreach (var finding in report.Findings.Where(f => f.Severity != DoctorSeverity.Note))
        {
            text.Append($"\n{++number}. {finding.Severity}: {finding.What}  [{finding.Rule}]\n");
            Body(text, finding);
        }

        foreach (var finding in report.Findings.Where(f => f.Severity == DoctorSeverity.Note))
        {
            text.Append($"\nNote: {finding.What}  [{finding.Rule}]\n");
            Body(text, finding);
        }

        if (report.NotLooked.Count > 0)
        {
            text.Append("\nnot looked at\n");
            foreach (var unread in report.NotLooked)
            {
                text.Append($"   {unread.What}: {unread.Why}\n");
            }
        }

        var wrong = report.Critical + report.Warnings;
        text.Append('\n').Append(wrong == 0 ? "nothing is wrong" : Counted(report));
        if (report.NotLooked.Count > 0)
        {
            text.Append(wrong == 0 ? " in what could be looked at" : "; not everything could be looked at");
        }

        return text.Append('\n').ToString();
    }

    private static string Counted(DoctorReport report) =>
        $"{report.Critical} critical, {report.Warnings} {(report.Warnings == 1 ? "warning" : "warnings")}, {report.Notes} "
            + $"{(report.Notes == 1 ? "note" : "notes")}";

    private static void Body(StringBuilder text, DoctorFinding finding)
    {
        if (finding.Nodes.Count > 0)
        {
            Line(text, "where", string.Join(", ", finding.Nodes.Take(MostNodes)) + (finding.Nodes.Count > MostNodes
                ? $" and {finding.Nodes.Count - MostNodes} more (-o json has all)" : string.Empty));
        }

        Line(text, "why", finding.Why);
        if (finding.Do is { } remedy)
        {
            Line(text, "do", remedy);
        }

        text.Append(finding.Snippet);
    }

    private static void Line(StringBuilder text, string name, string value) =>
        text.Append("   ").Append(name.PadRight(8)).Append(value).Append('\n');
}
