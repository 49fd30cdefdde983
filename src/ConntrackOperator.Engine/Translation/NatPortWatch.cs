using ConntrackOperator.Netfilter;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Translation;
using ConntrackOperator.Planning.Advice.Facts;

namespace ConntrackOperator.Engine.Translation;

/// <summary>
/// Tells, from what a look at the table found, which translated addresses run out of ports. The worst are counted exactly.
/// </summary>
/// <param name="procPath">/proc.</param>
/// <param name="sysPath">/sys.</param>
public sealed class NatPortWatch(string procPath, string sysPath)
{
    /// <summary>How many are told.</summary>
    public const int Listed = 5;

    // Each count goes through the whole table: only what comes near, and no more than some.
    private const double CountedFromPercent = 50;
    private const int MostCounted = 3;
    private const double LeastPercent = 1;

    private readonly PortCounter _counter = new(procPath);

    /// <summary>The worst, at most <see cref="Listed"/>; those with less than a hundredth of their ports in use are left out.</summary>
    /// <param name="seen">What a look found.</param>
    /// <param name="rules">Rules that were read and name ports.</param>
    public IReadOnlyList<NatPorts> Look(IReadOnlyList<PortUse> seen, IReadOnlyList<TranslationRule> rules)
    {
        ArgumentNullException.ThrowIfNull(seen);
        if (seen.Count == 0)
        {
            return [];
        }

        var local = LocalPorts();
        Lazy<IReadOnlySet<string>> addresses = new(() => LocalLinks.Read(sysPath).Addresses);
        var worst = Ranked(seen.Select(Ranged));
        List<NatPorts> counted = [];
        foreach (var pair in worst)
        {
            counted.Add(
                pair.Percent >= CountedFromPercent && counted.Count < MostCounted && Exact(pair.Use) is { } exact ? Ranged(exact) : pair);
        }

        return Ranked(counted);

        NatPorts Ranged(PortUse use) => new(use, PortRanges.Of(use, rules, address => addresses.Value.Contains(address), local));
    }

    private static List<NatPorts> Ranked(IEnumerable<NatPorts> pairs) =>
        [.. pairs.Where(pair => pair.Percent >= LeastPercent).OrderByDescending(pair => pair.Percent)
            .ThenByDescending(pair => pair.Use.Ports).Take(Listed)];

    private PortUse? Exact(PortUse use)
    {
        try
        {
            return _counter.Count(use);
        }
        catch (NetlinkException)
        {
            // The estimate stays, and says that it is one.
            return null;
        }
    }

    private (int Lowest, int Highest)? LocalPorts()
    {
        try
        {
            return Read(File.ReadAllText(Path.Combine(procPath, "sys/net/ipv4/ip_local_port_range")));
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return null;
        }
    }

    private static (int Lowest, int Highest)? Read(string text) =>
        text.Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries) is [var low, var high]
        && ushort.TryParse(low, out var lowest) && ushort.TryParse(high, out var highest) && lowest <= highest ? (lowest, highest) : null;
}
