using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
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

    /// <summary>A sentence on the keys that the plan in force sets to something else; none: there is none.</summary>
    /// <param name="plan">The plan in force.</param>
    /// <param name="differences">What is put back.</param>
    public static IEnumerable<string> PlannedOtherwise(NodeSpec? plan, List<SettingDifference> differences)
    {
        var planned = (plan?.Settings ?? []).Where(s => s is { Name: not null, Mode: not PolicyMode.Observe })
            .ToLookup(s => s.Name!, s => s.Value, StringComparer.Ordinal);
        var other = differences.Where(d => planned[d.Name].Any(value => value != d.Saved)).ToList();
        return other.Count == 0 ? []
            : [$"the plan that was applied stays in force, and sets {string.Join(", ", other.Select(d => d.Name))} again at the next "
                + "`host watch` or `host apply`; `host restore` without --from puts back what was there before the plan, and forgets it"];
    }

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
