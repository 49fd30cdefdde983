using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Translation;

namespace ConntrackOperator.Engine.Translation;

/// <summary>Of ports in use by a full count and by a later sample, what is the better known. Pure.</summary>
internal static class PortUses
{
    // Three standard deviations of a count (Poisson), of which one entry more or less is the least.
    private const double Deviations = 3;

    /// <summary>
    /// The count's, where the sample could have seen that; else the sample's. So few ports that a sample may miss them are known by the
    /// count alone.
    /// </summary>
    /// <param name="counted">By the full count.</param>
    /// <param name="sampled">By the sample.</param>
    /// <param name="sample">The sample.</param>
    public static IReadOnlyList<PortUse> Better(IReadOnlyList<PortUse> counted, IReadOnlyList<PortUse> sampled, Breakdown sample)
    {
        var scale = sample.Sampled == 0 ? 1 : Math.Max(1, (double)sample.TableEntries / sample.Sampled);
        var seen = sampled.GroupBy(Key).ToDictionary(same => same.Key, same => same.First());
        List<PortUse> better = [];
        foreach (var use in counted)
        {
            if (!seen.TryGetValue(Key(use), out var now))
            {
                // Not among those seen: none of it was, or hardly any.
                if (use.Ports <= Spread(0) * scale)
                {
                    better.Add(use);
                }
            }
            else if (Math.Abs((use.Ports / scale) - now.Seen) <= Spread(now.Seen))
            {
                seen.Remove(Key(use));
                better.Add(use);
            }
        }

        return [.. better.Concat(seen.Values).OrderByDescending(use => use.Ports)];
    }

    private static double Spread(long seen) => Deviations * Math.Sqrt(seen + 1);

    private static (object Source, object Destination, ushort Port, byte Protocol) Key(PortUse use) =>
        (use.Source, use.Destination, use.Port, use.Protocol);
}
