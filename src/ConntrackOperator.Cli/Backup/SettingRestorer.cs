using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Backup;

/// <summary>Puts settings back, and reads each back.</summary>
internal sealed class SettingRestorer(SysctlDirectory sysctls, SortedDictionary<string, long> saved)
{
    public List<SettingDifference> Compare() =>
    [
        .. saved.Where(s => s.Key != SysctlNames.Count).Select(s => new SettingDifference(s.Key, sysctls.Read(s.Key).Value, s.Value)).Where(d => d.Before != d.Saved),
    ];

    /// <returns>The differences with what the kernel holds now.</returns>
    public List<SettingDifference> Restore(List<SettingDifference> differences, List<string> problems)
    {
        foreach (var d in differences.OrderBy(Rank))
        {
            // A name from a file must not lead out of the directory.
            if (d.Name.Contains('/', StringComparison.Ordinal) || d.Before is null)
            {
                problems.Add($"{d.Name}: this kernel has no such setting");
                continue;
            }

            var result = sysctls.Write(d.Name, d.Saved);
            if (result.Status != SysctlStatus.Ok)
            {
                problems.Add($"{d.Name}: {result.Message ?? result.Status.ToString()}");
            }
        }

        return [.. differences.Select(d => d with { Now = d.Before is null ? null : sysctls.Read(d.Name).Value })];
    }

    // Buckets before a limit that rises, so that no long chains build up; the kernel refuses a lower IPv6 fragment threshold above the upper.
    private static int Rank(SettingDifference d) => d.Name switch
    {
        SysctlNames.Buckets => d.Saved > d.Before ? 0 : 2,
        SysctlNames.Max => 1,
        SysctlNames.Fragment6HighThreshold => d.Saved > d.Before ? 3 : 5,
        SysctlNames.Fragment6LowThreshold => 4,
        _ => 6,
    };
}
