namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>One sysctl that a start of kube-proxy sets.</summary>
/// <param name="Sysctl">The key under net.netfilter.</param>
/// <param name="Value">What it wants there.</param>
/// <param name="RaisesOnly">Whether a value that is higher already is left alone.</param>
internal readonly record struct ProxyWrite(string Sysctl, long Value, bool RaisesOnly)
{
    /// <summary>What the kernel holds after it, when it held that before. No limit, 0, is for kube-proxy the lowest.</summary>
    public long After(long before) => RaisesOnly && before > Value ? before : Value;
}
