namespace ConntrackOperator.Planning.Settings;

/// <summary>What can be put back of a key, which is more than what a policy may set: nf_conntrack_max 0 is no limit.</summary>
public static class SettingRange
{
    /// <summary>The least and the most.</summary>
    /// <param name="name">The key.</param>
    public static (long Least, long Most) Of(string name) => SettingCatalog.BySysctl.GetValueOrDefault(name) switch
    {
        // The kernel has no table without buckets.
        { Sysctl: SettingCatalog.BucketsName } => (1, int.MaxValue),

        // In a byte; or an int of jiffies, which are 100 a second at least.
        { Unit: SettingUnit.Flag or SettingUnit.Choice or SettingUnit.Seconds } field => (0, field.Maximum),
        { Unit: SettingUnit.Number, Maximum: <= byte.MaxValue } field => (0, field.Maximum),

        // Fragments are counted in a long.
        { Unit: SettingUnit.Bytes } => (0, long.MaxValue),
        _ => (0, int.MaxValue),
    };
}
