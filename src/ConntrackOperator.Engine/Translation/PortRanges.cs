using ConntrackOperator.Netfilter.Translation;
using ConntrackOperator.Planning.Advice.Facts;

namespace ConntrackOperator.Engine.Translation;

/// <summary>
/// Which ports translated connections can have. A rule that names none leaves a port as it is where nobody has it, and takes one of
/// 1024 to 65535 else (nf_nat_l4proto_unique_tuple in net/netfilter/nf_nat_core.c). Rules are seldom there to be read, but one that
/// names few ports shows: nearly every port was changed, and they lie close together. Pure.
/// </summary>
public static class PortRanges
{
    private const double NearlyAll = 0.9;

    // Of so many that lie at random among all ports, none are so close together.
    private const int FewestSeen = 32;
    private const double Dense = 0.5;
    private const int MostSeen = 32_768;

    /// <summary>Where a rule names no ports.</summary>
    public static PortRange All { get; } = new(1024, 65535, PortRangeSource.AllPorts);

    /// <summary>The range that applies.</summary>
    /// <param name="use">What is in use.</param>
    /// <param name="rules">Rules that were read and name ports.</param>
    /// <param name="isLocal">Whether an address is this machine's.</param>
    /// <param name="local">net.ipv4.ip_local_port_range; null: not known.</param>
    public static PortRange Of(
        PortUse use, IReadOnlyList<TranslationRule> rules, Func<string, bool> isLocal, (int Lowest, int Highest)? local)
    {
        ArgumentNullException.ThrowIfNull(use);
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(isLocal);
        var span = use.Highest - use.Lowest + 1;
        if (use.Moved >= use.Seen * NearlyAll && use.Seen > 0)
        {
            if (rules.Where(rule => rule.LowestPort <= use.Lowest && rule.HighestPort >= use.Highest)
                .MinBy(rule => rule.HighestPort - rule.LowestPort) is { } rule)
            {
                return new PortRange(rule.LowestPort, rule.HighestPort, PortRangeSource.Rule);
            }

            if (use.Seen >= FewestSeen && span <= MostSeen && use.Ports >= span * Dense)
            {
                return new PortRange(use.Lowest, use.Highest, PortRangeSource.PortsSeen);
            }
        }

        return use.Moved <= use.Seen * (1 - NearlyAll) && local is var (lowest, highest) && use.Lowest >= lowest && use.Highest <= highest
            && use.OnlyClient is { } client && isLocal(client.ToString())
            ? new PortRange(lowest, highest, PortRangeSource.LocalPortRange)
            : All;
    }
}
