using System.Globalization;
using System.Text;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Planning.Tests.Advice;

/// <summary>All that an advice says, as a page to read.</summary>
internal static class Page
{
    internal static string Of(AdviceReport report)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"Pressure {report.Pressure}");
        page.Append(report.FullInSeconds is { } full ? $"; full in {full} s\n" : "\n");
        foreach (var finding in report.Findings)
        {
            Write(page, finding);
        }

        foreach (var unknown in report.NotKnown)
        {
            page.Append($"\nNot looked at: {unknown.What}\n    {unknown.Look}\n");
        }

        return page.ToString();
    }

    private static void Write(StringBuilder page, Finding finding)
    {
        page.Append($"\n== {finding.Cause}, {finding.Severity}, {finding.Confidence}\n{finding.Text}\n");
        Lines(page, "Seen", finding.Seen);
        page.Append($"Because: {finding.Because}\n");
        Lines(page, "Not", finding.RuledOut.Select(rival => $"{rival.Cause}: {rival.Why}"));
        Lines(page, "Who", finding.Who.Select(Who));
        page.Append($"Entries: {finding.Entries}");
        page.Append(finding.NewPerSecond is { } rate ? $"; {rate} a second" : string.Empty);
        page.Append(finding.Frees is { } frees ? $"; {frees} gone afterwards" : string.Empty);
        page.Append(finding.FullAgainSeconds is { } again ? $"; full again in {again} s\n" : "\n");
        page.Append(finding.Enough is { } enough ? $"Sum: {enough.Text}\n" : string.Empty);
        Steps(page, "Now", finding.Now);
        Steps(page, "For good", finding.ForGood);
        page.Append(finding.Field is { } field ? $"Field: {field}: {finding.Value}\n" : string.Empty);
        page.Append(finding.Elsewhere is { } elsewhere ? $"Elsewhere: {elsewhere}\n" : string.Empty);
        Lines(page, "May break", finding.MayBreak);
        Lines(page, "Not known", finding.NotKnown.Select(n => $"{n.What}\n    {n.Look}"));
    }

    private static void Lines(StringBuilder page, string title, IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            page.Append($"{title}: {line}\n");
        }
    }

    private static void Steps(StringBuilder page, string title, IEnumerable<AdviceStep> steps)
    {
        foreach (var step in steps)
        {
            page.Append($"{title}: {step.What}\n");
            if ((step.Run ?? step.Yaml) is { } text)
            {
                page.Append("    ").Append(text.TrimEnd('\n').Replace("\n", "\n    ", StringComparison.Ordinal)).Append('\n');
            }
        }
    }

    private static string Who(Party party)
    {
        string?[] parts =
        [
            party.Role, party.Network ?? party.Address, party.Port is { } port ? $"port {port}" : null, party.Protocol, party.Name,
            party.Pid is { } pid ? $"pid {pid}" : null, party.Entries is { } entries ? $"{entries} entries" : null,
            party.Percent is { } percent ? string.Create(CultureInfo.InvariantCulture, $"{percent}%") : null,
        ];
        return string.Join(' ', parts.OfType<string>());
    }
}
