namespace ConntrackOperator.Planning.Settings;

/// <summary>
/// The two thresholds of IPv6 reassembly. The kernel refuses (EINVAL) a low one above the high one that it holds, and a high one below the
/// low one: each is the other's bound (net/ipv6/netfilter/nf_conntrack_reasm.c, extra1 and extra2). Pure.
/// </summary>
public static class FragmentThresholds
{
    private static readonly SettingField _high = SettingCatalog.ByPath["ipv6Fragments.highThreshold"];
    private static readonly SettingField _low = SettingCatalog.ByPath["ipv6Fragments.lowThreshold"];

    /// <summary>The other one of the two.</summary>
    /// <param name="sysctl">A key.</param>
    /// <returns>Its key; null where the first is neither of them.</returns>
    public static string? Other(string sysctl) => sysctl == _high.Sysctl ? _low.Sysctl : sysctl == _low.Sysctl ? _high.Sysctl : null;

    /// <summary>What a new network namespace has: IPV6_FRAG_HIGH_THRESH and IPV6_FRAG_LOW_THRESH (include/net/ipv6_frag.h).</summary>
    /// <param name="sysctl">One of the two keys.</param>
    /// <returns>Bytes.</returns>
    public static long Default(string sysctl) => sysctl == _high.Sysctl ? 4194304 : 3145728;

    /// <summary>Why the kernel refuses one of them.</summary>
    /// <param name="sysctl">One of the two keys.</param>
    /// <param name="value">What is to be set, bytes.</param>
    /// <param name="other">What the other one is, bytes.</param>
    /// <returns>The reason, with both fields; null where it takes it.</returns>
    public static string? Refusal(string sysctl, long value, long other)
    {
        var (field, against) = sysctl == _high.Sysctl ? (_high, _low) : (_low, _high);
        var below = field == _high;
        return below ? value >= other ? null : Text() : value <= other ? null : Text();

        string Text() =>
            $"{field.Path} {value} is {(below ? "below" : "above")} {against.Path}, which is {other} ({against.Sysctl}): set both";
    }
}
