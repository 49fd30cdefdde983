using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Settings;

namespace ConntrackOperator.Planning.Rollouts;

/// <summary>From the plan a node has to the plan it shall have, one change at a time. Pure.</summary>
public static class PlanDifference
{
    /// <summary>
    /// Settings that only make sense together: the size with its buckets and with what makes entries larger, which the memory limit was
    /// computed with; the thresholds of reassembly, of which the kernel refuses a low one above the high one.
    /// </summary>
    private static readonly string[][] _groups =
    [
        [SettingCatalog.MaxName, SettingCatalog.BucketsName, SettingCatalog.AccountingName, SettingCatalog.TimestampsName],
        [SettingCatalog.ByPath["ipv6Fragments.highThreshold"].Sysctl, SettingCatalog.ByPath["ipv6Fragments.lowThreshold"].Sysctl],
    ];

    /// <summary>
    /// What of the way to the plan may have to wait. Not in it, and so never held back: what a policy leaves behind that
    /// does not select the node any more or is being deleted (whatever takes its place), what writes nothing to the
    /// kernel, and what only policies without a rollout change.
    /// </summary>
    /// <param name="stored">The plan that the node has; null: none yet.</param>
    /// <param name="desired">The plan that it shall have.</param>
    /// <param name="limited">The policies with a rollout among those that select the node.</param>
    /// <returns>The changes, always in the same order.</returns>
    public static IReadOnlyList<RolloutChange> Changes(NodeSpec? stored, NodePlan desired, IReadOnlyCollection<string> limited)
    {
        ArgumentNullException.ThrowIfNull(desired);
        ArgumentNullException.ThrowIfNull(limited);
        if (limited.Count == 0)
        {
            return [];
        }

        var old = ByName(stored?.Settings);
        var next = ByName(desired.Spec.Settings);
        var changes = new List<RolloutChange>();
        foreach (var unit in Units(old.Keys.Union(next.Keys)))
        {
            var involved = new SortedSet<string>(StringComparer.Ordinal);
            var leaves = false;
            foreach (var name in unit)
            {
                var (before, after) = (old.GetValueOrDefault(name), next.GetValueOrDefault(name));
                if (!Writes(before, after))
                {
                    continue;
                }

                leaves |= before is not null && !desired.Policies.Contains(before.Policy!);
                involved.UnionWith(new[] { before?.Policy, after?.Policy }.OfType<string>());
            }

            involved.IntersectWith(limited);
            if (!leaves && involved.Count > 0)
            {
                changes.Add(new RolloutChange(unit, [.. involved]));
            }
        }

        return changes;
    }

    /// <summary>The plan that a node can be given now.</summary>
    /// <param name="stored">The plan that the node has; null: none yet.</param>
    /// <param name="desired">The plan that it shall have.</param>
    /// <param name="held">What has to wait: these settings stay as they are.</param>
    /// <returns>The plan.</returns>
    public static NodeSpec Step(NodeSpec? stored, NodeSpec desired, IReadOnlyCollection<RolloutChange> held)
    {
        ArgumentNullException.ThrowIfNull(desired);
        ArgumentNullException.ThrowIfNull(held);
        if (held.Count == 0)
        {
            return desired;
        }

        var names = held.SelectMany(change => change.Settings).ToHashSet(StringComparer.Ordinal);
        List<RefusedSetting> refused =
        [
            .. (desired.Refused ?? []).Where(r => !names.Contains(r.Name!)),
            .. (stored?.Refused ?? []).Where(r => names.Contains(r.Name!)),
        ];
        return desired with
        {
            Settings =
            [
                .. (desired.Settings ?? []).Where(s => !names.Contains(s.Name!)),
                .. (stored?.Settings ?? []).Where(s => names.Contains(s.Name!)),
            ],
            Refused = refused.Count == 0 ? null : refused,
        };
    }

    /// <summary>Whether going from one to the other can change what the kernel holds.</summary>
    private static bool Writes(NodeSetting? before, NodeSetting? after) => after switch
    {
        null => before is { OnRemoval: not RemovalPolicy.Keep },
        { Mode: PolicyMode.Observe } => false,
        _ =>
            before is null or { Mode: PolicyMode.Observe } || before.Value != after.Value
                || (before.AtLeast ?? false) != (after.AtLeast ?? false),
    };

    private static IEnumerable<IReadOnlyList<string>> Units(IEnumerable<string> names)
    {
        var left = new SortedSet<string>(names, StringComparer.Ordinal);
        foreach (var group in _groups)
        {
            string[] together = [.. group.Where(left.Contains)];
            if (together.Length > 0)
            {
                left.ExceptWith(together);
                yield return together;
            }
        }

        foreach (var name in left)
        {
            yield return [name];
        }
    }

    private static Dictionary<string, NodeSetting> ByName(List<NodeSetting>? settings)
    {
        var named = new Dictionary<string, NodeSetting>(StringComparer.Ordinal);
        foreach (var setting in settings ?? [])
        {
            named[setting.Name!] = setting;
        }

        return named;
    }
}
