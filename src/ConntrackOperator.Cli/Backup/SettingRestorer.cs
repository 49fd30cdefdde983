using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Backup;

/// <summary>Puts settings back as the engine writes all settings: with their originals kept, and held where it would hurt now.</summary>
internal sealed class SettingRestorer(SysctlDirectory sysctls, SortedDictionary<string, long> saved)
{
    public List<SettingDifference> Compare() =>
    [
        .. saved.Where(s => s.Key != SysctlNames.Count).Select(s => new SettingDifference(s.Key, sysctls.Read(s.Key).Value, s.Value))
            .Where(d => d.Before != d.Saved),
    ];

    /// <returns>The differences with what the kernel holds now.</returns>
    /// <exception cref="IOException">The state directory can't be written: what has no original there yet was not written.</exception>
    public static List<SettingDifference> Restore(NodeEngine engine, List<SettingDifference> differences, List<string> problems)
    {
        foreach (var setting in engine.EnforceOnce(differences.ToDictionary(d => d.Name, d => d.Saved)))
        {
            if (setting.State == SettingState.NotSupported)
            {
                problems.Add($"{setting.Name}: this kernel has no such setting");
            }
            else if (setting.State != SettingState.InSync)
            {
                problems.Add($"{setting.Name}: {setting.State}: {setting.Message}");
            }
        }

        return [.. differences.Select(d => d with { Now = d.Before is null ? null : engine.Sysctls.Read(d.Name).Value })];
    }
}
