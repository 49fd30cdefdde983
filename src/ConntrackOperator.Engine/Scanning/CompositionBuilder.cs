using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>From a breakdown to the status: shares in whole percent, so that a status does not change with every sample. Pure.</summary>
public static class CompositionBuilder
{
    private const int States = 10;
    private const int Listed = 5;

    /// <summary>What the table is made of.</summary>
    /// <param name="breakdown">What a scan found.</param>
    public static CompositionStatus Composition(Breakdown breakdown)
    {
        ArgumentNullException.ThrowIfNull(breakdown);
        return new CompositionStatus
        {
            Basis = breakdown.Complete ? CompositionStatus.Exact : CompositionStatus.Estimated,
            Sampled = breakdown.Sampled,
            ErrorBoundPercent = Math.Round(breakdown.ErrorBoundPercent, 1),
            SampleErrorPercent = breakdown.SampleErrorPercent is { } error ? Math.Round(error, 2) : null,
            UnrepliedPercent = Whole(breakdown.UnrepliedPercent),
            AssuredPercent = Whole(breakdown.AssuredPercent),
            States = [.. breakdown.States.Take(States).Select(s => new StateShareStatus
            {
                Protocol = s.Protocol,
                State = s.State.Length == 0 ? null : s.State,
                Percent = Whole(s.Percent),
                Entries = s.EstimatedEntries,
                IdleP50 = Duration(s.IdleP50),
                IdleP90 = Duration(s.IdleP90),
                IdleP50AtMost = Duration(s.IdleP50AtMost),
                IdleP90AtMost = Duration(s.IdleP90AtMost),
            })],
            TimeoutsWatchedFor = Duration(breakdown.TimeoutsWatchedFor),
            At = breakdown.At,
        };
    }

    /// <summary>Who has the most entries.</summary>
    /// <param name="breakdown">What a scan found.</param>
    public static TopStatus Top(Breakdown breakdown)
    {
        ArgumentNullException.ThrowIfNull(breakdown);
        return new TopStatus
        {
            Sources = [.. breakdown.TopSources.Take(Listed)
                .Select(s => new TopSource { Address = s.Address.ToString(), Percent = Whole(s.Percent) })],
            Destinations = [.. breakdown.TopDestinations.Take(Listed).Select(d => new TopDestination
            {
                Address = d.Address.ToString(),
                Port = d.Port == 0 ? null : d.Port,
                Protocol = d.Protocol,
                Percent = Whole(d.Percent),
            })],
        };
    }

    private static int Whole(double percent) => (int)Math.Round(percent, MidpointRounding.AwayFromZero);

    private static string? Duration(TimeSpan? idle) =>
        idle is { } span ? span < TimeSpan.FromSeconds(1) ? "0s" : KubeDuration.Format((long)span.TotalSeconds) : null;
}
