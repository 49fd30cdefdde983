using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Cli.Top;

/// <summary>A report as lines for people. Pure.</summary>
internal static class TopText
{
    private const int Listed = 5;

    /// <param name="report">The report.</param>
    /// <param name="trends">Sparklines under the headline, on a live screen.</param>
    public static string Render(TopReport report, IEnumerable<string>? trends = null)
    {
        var text = new System.Text.StringBuilder();
        text.Append($"{report.Name}: {Used(report)}; {Lost(report)}\n");
        foreach (var trend in trends ?? [])
        {
            text.Append(trend).Append('\n');
        }

        text.Append(Outlook(report));
        if (report.Sampled is null)
        {
            return text.Append("\nwhat fills it is not known yet\n").ToString();
        }

        text.Append(report.ErrorBoundPercent is > 0 and { } error
            ? $"estimated from a sample of {report.Sampled}: every share is right to within {error:0.0} points (999 in 1,000 are)"
            : Counted(report));
        text.Append($"; {report.UnrepliedPercent:0.#}% unreplied, {report.AssuredPercent:0.#}% assured\n\n");
        text.Append(States(report.States));
        if (report.TimeoutsWatchedFor is { } watched)
        {
            text.Append($"time-outs have been watched for {watched}: idle times that are longer take it that they were the same before\n");
        }

        Talkers(text, "TOP SOURCE", report.Sources, t => t.Address!);
        Talkers(text, "TOP DESTINATION", report.Destinations, End);
        Nat(text, report.Nat ?? []);
        Talkers(text, "TOP PORT", report.Ports ?? [], t => $"{t.Port}/{t.Protocol}");
        text.Append('\n');
        if (report.Advice.Count == 0)
        {
            text.Append("advice: nothing to change\n");
        }

        foreach (var advice in report.Advice)
        {
            text.Append("advice: ").Append(advice.Text).Append('\n');
        }

        return text.ToString();
    }

    private static string Counted(TopReport report)
    {
        var text = $"exact: all {report.Sampled} entries were looked at";
        return text
            + (report.At is { } at ? $" at {at.UtcDateTime:HH:mm:ss}Z" : string.Empty)
            + (report.SampleErrorPercent is { } off ? $" (samples are off by {off:0.##} points at most)" : string.Empty);
    }

    private static string Outlook(TopReport report)
    {
        var text = report.HeadroomPercent is < 100 and var room
            ? $"full: {room}% of new connections find room\n"
            : string.Empty;
        return report.FullIn is { } soon ? text + $"full in {soon} if it goes on ({report.FullInBasis})\n" : text;
    }

    private static void Nat(System.Text.StringBuilder text, List<NatStatus> pairs)
    {
        if (pairs.Count == 0)
        {
            return;
        }

        var table = new TextTable("NAT SOURCE", "DESTINATION", ">PORTS", ">USED%", "OF");
        foreach (var pair in pairs.Take(Listed))
        {
            table.Add(
                pair.Source ?? "-",
                End(new TopTalker { Address = pair.Destination ?? "-", Port = pair.Port, Protocol = pair.Protocol, Percent = 0 }),
                (pair.Estimated == true ? "about " : string.Empty) + Number(pair.Ports),
                Number(pair.Percent),
                $"{pair.Range} {RangeText(pair.RangeFrom)}".TrimEnd());
        }

        text.Append('\n').Append(table.Plain());
    }

    private static string RangeText(string? from) => from switch
    {
        "Rule" => "(the rule's)",
        "PortsSeen" => "(as seen)",
        "LocalPortRange" => "(ip_local_port_range)",
        _ => string.Empty,
    };

    private static string Used(TopReport report) => report.NoLimit == true
        ? $"{Number(report.Entries)} entries, no limit"
        : $"{Number(report.Entries)} of {Number(report.Limit)} entries"
            + (report.Percent is { } percent ? $" ({percent}%)" : string.Empty);

    private static string Lost(TopReport report)
    {
        if (report.TableFullDropsPerMinute is null)
        {
            return "what is lost a minute is not known yet";
        }

        var text = $"a minute{(report.RatesOverSeconds is { } span ? Over(span) : string.Empty)}: {Rate(report.TableFullDropsPerMinute)} "
            + $"packets dropped for want of an entry, {Rate(report.RacesLostPerMinute)} lost in races, {Rate(report.EarlyDropsPerMinute)} "
            + $"entries evicted early, {Rate(report.InvalidPerMinute)} packets invalid";
        return text
            + (report.ChainTooLongPerMinute > 0 ? $", {Rate(report.ChainTooLongPerMinute)} lost to long hash chains" : string.Empty)
            + (report.OtherDropsPerMinute > 0 ? $", {Rate(report.OtherDropsPerMinute)} dropped although the table had room" : string.Empty)
            + (report.RacesLostPerMinute >= PacketLoss.RacesThatCount ? $"\nraces: {PacketLoss.RaceRemedy}" : string.Empty);
    }

    internal static string Number(long? number) => number?.ToString() ?? "-";

    private static string Over(double seconds) => $", over {seconds:0} s";

    private static string Rate(double? rate) => rate is { } known ? Planning.Advice.Remedies.PacketLoss.Whole(known).ToString() : "-";

    private static string Share(double percent) => percent.ToString("0.0");

    private static string States(List<TopState> states)
    {
        var table = new TextTable("PROTOCOL", "STATE", ">SHARE%", ">ENTRIES", ">IDLE P50", ">IDLE P90", ">TIMEOUT");
        foreach (var s in states.Take(2 * Listed))
        {
            table.Add(
                s.Protocol, s.State ?? "-", Share(s.Percent), Number(s.Entries), IdleText.Of(s.IdleP50, s.IdleP50AtMost),
                IdleText.Of(s.IdleP90, s.IdleP90AtMost), s.Timeout ?? "-");
        }

        return table.Plain();
    }

    private static void Talkers(System.Text.StringBuilder text, string header, List<TopTalker> talkers, Func<TopTalker, string> name)
    {
        if (talkers.Count == 0)
        {
            return;
        }

        var named = talkers.Exists(t => t.Name is not null);
        var table = named ? new TextTable(header, ">SHARE%", "WHO") : new TextTable(header, ">SHARE%");
        foreach (var t in talkers.Take(Listed))
        {
            string[] cells = [name(t), Share(t.Percent), t.Name ?? string.Empty];
            table.Add(named ? cells : cells[..2]);
        }

        text.Append('\n').Append(table.Plain());
    }

    private static string End(TopTalker t) =>
        t.Port is not { } port ? $"{t.Address} {t.Protocol}"
        : t.Address!.Contains(':', StringComparison.Ordinal) ? $"[{t.Address}]:{port}/{t.Protocol}"
        : $"{t.Address}:{port}/{t.Protocol}";
}
