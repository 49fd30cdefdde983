using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cli.Top;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Cli.Host;

/// <summary>From what was seen of this machine to the report of <c>top</c>. Pure.</summary>
internal static class HostTopReport
{
    public static TopReport Of(HostSight sight)
    {
        var (seen, reading) = (sight.Breakdown, sight.Reading);
        return new TopReport
        {
            Name = sight.Host.HostName,
            At = seen.At,
            Entries = reading.Entries,
            Limit = reading.Limit,
            NoLimit = reading.NoLimit ? true : null,
            Percent = reading.Percent,
            TableFullDropsPerMinute = PacketLoss.Whole(reading.Rates?.TableFullDropsPerMinute),
            RacesLostPerMinute = PacketLoss.Whole(reading.Rates?.RacesLostPerMinute),
            OtherDropsPerMinute = PacketLoss.Whole(reading.Rates?.OtherDropsPerMinute),
            EarlyDropsPerMinute = PacketLoss.Whole(reading.Rates?.EarlyDropsPerMinute),
            ChainTooLongPerMinute = PacketLoss.Whole(reading.Rates?.ChainTooLongPerMinute),
            InvalidPerMinute = PacketLoss.Whole(reading.Rates?.InvalidPerMinute),
            RatesOverSeconds = reading.Rates is { } rates ? Math.Round(rates.Span.TotalSeconds, 1) : null,
            Basis = seen.Complete ? CompositionStatus.Exact : CompositionStatus.Estimated,
            Sampled = seen.Sampled,
            ErrorBoundPercent = Rounded(seen.ErrorBoundPercent),
            SampleErrorPercent = seen.SampleErrorPercent is { } off ? Rounded(off) : null,
            UnrepliedPercent = Rounded(seen.UnrepliedPercent),
            AssuredPercent = Rounded(seen.AssuredPercent),
            TimeoutsWatchedFor = Duration(seen.TimeoutsWatchedFor),
            HeadroomPercent = sight.HeadroomPercent,
            Nat = sight.Nat,
            States = [.. seen.States.Select(State)],
            Sources = [.. seen.TopSources.Select(s => new TopTalker
            {
                Address = s.Address.ToString(),
                Percent = Rounded(s.Percent),
                ErrorBoundPercent = Rounded(s.ErrorBoundPercent),
            })],
            Destinations = [.. seen.TopDestinations.Select(d => new TopTalker
            {
                Address = d.Address.ToString(), Port = d.Port == 0 ? null : d.Port, Protocol = d.Protocol, Percent = Rounded(d.Percent),
                ErrorBoundPercent = Rounded(d.ErrorBoundPercent),
            })],
            Ports = [.. seen.TopPorts.Select(p => new TopTalker
            {
                Port = p.Port,
                Protocol = p.Protocol,
                Percent = Rounded(p.Percent),
                ErrorBoundPercent = Rounded(p.ErrorBoundPercent),
            })],
            Advice = [.. sight.Advice.Findings.Select(Advice)],
        };
    }

    private static TopState State(StateShare s) => new()
    {
        Protocol = s.Protocol,
        State = s.State.Length == 0 ? null : s.State,
        Percent = Rounded(s.Percent),
        Entries = s.EstimatedEntries,
        UnrepliedPercent = Rounded(s.UnrepliedPercent),
        IdleP50 = Duration(s.IdleP50),
        IdleP90 = Duration(s.IdleP90),
        IdleP50AtMost = Duration(s.IdleP50AtMost),
        IdleP90AtMost = Duration(s.IdleP90AtMost),
        Timeout = Duration(s.Timeout),
    };

    private static TopAdvice Advice(Finding finding) => new()
    {
        Kind = finding.Cause.ToString(),
        Severity = finding.Severity.ToString(),
        Text = finding.Text,
        Field = finding.Field,
        Value = finding.Value,
        EntriesFreed = finding.Frees?.Middle,
    };

    private static double Rounded(double percent) => Math.Round(percent, 2);

    private static string? Duration(TimeSpan? span) =>
        span is { } known ? known < TimeSpan.FromSeconds(1) ? "0s" : KubeDuration.Format((long)known.TotalSeconds) : null;
}
