using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Planning.Advice;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>From what was seen of a machine to advice. Pure.</summary>
public static class NodeAdvice
{
    /// <summary>All that is to be said.</summary>
    /// <param name="input">What was seen.</param>
    public static AdviceReport Advise(AdviceInput input) => Adviser.Advise(Facts(input));

    /// <summary>The facts that the rules look at.</summary>
    /// <param name="input">What was seen.</param>
    public static TableFacts Facts(AdviceInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var (breakdown, reading) = (input.Breakdown, input.Reading);
        var entries = reading.Entries ?? breakdown.TableEntries;

        // A full count that later samples agree with is no better known by now than they tell.
        var error = Math.Max(breakdown.Complete ? 0 : breakdown.ErrorBoundPercent, input.TrafficErrorPercent ?? 0);
        return new TableFacts
        {
            Target = input.Target,
            Entries = entries,
            Limit = reading.Limit ?? 0,
            Buckets = reading.Buckets ?? 0,
            NodeMemoryBytes = input.Host.MemoryBytes,
            MemoryLimitPercent = input.MemoryLimitPercent,
            WarningPercent = input.WarningPercent,
            CriticalPercent = input.CriticalPercent,
            IsSample = error > 0,
            ErrorBoundPercent = error,
            AssuredPercent = breakdown.AssuredPercent,
            States = [.. breakdown.States
                .Select(s => error > 0 ? s with { EstimatedEntries = ShareOf(entries, s) } : s).Select(s => new StateFacts
            {
                Protocol = s.Protocol,
                State = s.State,
                Entries = s.EstimatedEntries,
                Sysctl = s.TimeoutKey,
                TimeoutSeconds = s.Timeout is { } timeout ? (long)timeout.TotalSeconds : null,
                IdleAtLeast = s.Idle.Known > 0 ? s.EstimateIdleAtLeast : null,
            })],
            Traffic = TrafficFactsBuilder.WithPorts(Traffic(input, entries, input.TrafficErrorPercent ?? error), input.Nat),
            Watched = input.Traffic?.Between ?? TimeSpan.Zero,
            TimeoutsWatchedFor = breakdown.TimeoutsWatchedFor,
            NewPerSecond = input.Traffic is { } seen ? TrafficFactsBuilder.Rate(seen.New, seen, entries) : null,
            GrowthPerSecond = input.GrowthPerSecond,
            Rates = new RateFacts
            {
                Known = reading.Rates is not null,
                LostForWant = reading.Rates?.TableFullDropsPerMinute ?? 0,
                LostInRaces = reading.Rates?.RacesLostPerMinute ?? 0,
                EarlyDrops = reading.Rates?.EarlyDropsPerMinute ?? 0,
                ChainTooLong = reading.Rates?.ChainTooLongPerMinute ?? 0,
                Invalid = reading.Rates?.InvalidPerMinute ?? 0,
            },
            Rules = input.Rules,
            LocalAddresses = input.Links?.Addresses ?? new HashSet<string>(),
            TunnelLinks = input.Links?.Tunnels ?? [],
            Namespaces = input.Namespaces,
            NamespacesLooked = input.NamespacesLooked,
        };
    }

    /// <summary>
    /// Shares are of what there was then; of the entries of now it is the same part. What every entry was seen of is as counted.
    /// </summary>
    private static long ShareOf(long entries, StateShare share) => (long)(share.Percent / 100 * entries);

    private static List<TrafficFacts> Traffic(AdviceInput input, long entries, double error)
    {
        var seen = input.Traffic is { } traffic ? TrafficFactsBuilder.Of(traffic, entries, error) : [];
        return input.Counted is { } counted
            ? TrafficFactsBuilder.WithCounted(seen, TrafficFactsBuilder.Of(counted, entries, 0), error / 100 * entries)
            : seen;
    }
}
