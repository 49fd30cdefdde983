namespace ConntrackOperator.Netfilter.Sysctls;

/// <summary>A key's value in words.</summary>
public static class SysctlWords
{
    /// <summary>What <see cref="SysctlNames.Max"/> means where it is 0 (nf_conntrack_core.c, __nf_conntrack_alloc).</summary>
    public const string NoLimit = "no limit";

    /// <summary>The number; <see cref="NoLimit"/> where the kernel takes it so.</summary>
    /// <param name="name">The key.</param>
    /// <param name="value">What it holds; null: not known.</param>
    /// <param name="unknown">What stands for a value that is not known.</param>
    public static string Of(string name, long? value, string unknown = "-") =>
        value is not { } known ? unknown : IsNoLimit(name, known) ? NoLimit : known.ToString();

    /// <summary>Whether a key's value means that there is no limit of entries.</summary>
    /// <param name="name">The key.</param>
    /// <param name="value">What it holds.</param>
    public static bool IsNoLimit(string name, long value) => value == 0 && name == SysctlNames.Max;
}
