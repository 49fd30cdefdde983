using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Planning.Advice;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>From what was seen in the table to advice. Pure.</summary>
public static class NodeAdvice
{
    /// <summary>All advice, the most useful first.</summary>
    /// <param name="breakdown">What fills the table.</param>
    /// <param name="reading">How full it is and what goes wrong.</param>
    /// <param name="host">The machine.</param>
    public static IReadOnlyList<AdviceItem> Advise(Breakdown breakdown, in TableReading reading, HostFacts host)
    {
        ArgumentNullException.ThrowIfNull(breakdown);
        ArgumentNullException.ThrowIfNull(host);
        return Adviser.Advise(new TableFacts
        {
            Entries = reading.Entries ?? breakdown.TableEntries,
            Limit = reading.Limit ?? 0,
            Buckets = reading.Buckets ?? 0,
            NodeMemoryBytes = host.MemoryBytes,
            ErrorBoundPercent = breakdown.ErrorBoundPercent,
            UnrepliedPercent = breakdown.UnrepliedPercent,
            AssuredPercent = breakdown.AssuredPercent,
            States = [.. breakdown.States.Select(s => new StateFacts
            {
                Protocol = s.Protocol,
                State = s.State,
                Percent = s.Percent,
                Entries = s.EstimatedEntries,
                UnrepliedPercent = s.UnrepliedPercent,
                Sysctl = s.TimeoutKey,
                TimeoutSeconds = s.Timeout is { } timeout ? (long)timeout.TotalSeconds : null,
                IdleAtLeast = s.Idle.Known > 0 ? s.EstimateIdleAtLeast : null,
            })],
            TopSources = [.. breakdown.TopSources.Select(s => new SourceFacts(s.Address.ToString(), s.Percent))],
            TopUnrepliedSources = [.. breakdown.TopUnrepliedSources.Select(s => new SourceFacts(s.Address.ToString(), s.Percent))],
            TcpDestinations = [.. breakdown.TopTcpDestinationsByState.Select(d => new DestinationFacts(d.Address.ToString(), d.Port, d.State, d.Percent))],
            Rates = new RateFacts
            {
                Drops = reading.Rates?.TableFullDropsPerMinute ?? 0,
                RacesLost = reading.Rates?.RacesLostPerMinute ?? 0,
                EarlyDrops = reading.Rates?.EarlyDropsPerMinute ?? 0,
                InsertFailed = reading.Rates?.InsertFailedPerMinute ?? 0,
                ChainTooLong = reading.Rates?.ChainTooLongPerMinute ?? 0,
            },
        });
    }
}
