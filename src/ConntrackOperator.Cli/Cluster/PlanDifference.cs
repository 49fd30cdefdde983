using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cluster;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Settings;
using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>Compares the plans that there would be with those that there are. Pure.</summary>
internal static class PlanDifference
{
    /// <summary>Compares.</summary>
    /// <param name="existing">The cluster's policies.</param>
    /// <param name="files">The policies of the files; each takes the place of the existing one of its name.</param>
    /// <param name="nodes">The cluster's nodes.</param>
    /// <param name="reported">What the agents reported.</param>
    public static PlanReport Compare(
        IReadOnlyList<ConntrackPolicy> existing, IReadOnlyList<ConntrackPolicy> files, IReadOnlyList<NodeObject> nodes,
        IReadOnlyList<ConntrackNode> reported)
    {
        var after = Merge(existing, files);
        var byName = reported.ToDictionary(n => n.Metadata?.Name ?? string.Empty, StringComparer.Ordinal);
        var planned = new List<PlannedNode>();
        var conflicts = new List<string>();
        foreach (var facts in nodes.Select(NodeReading.Facts).OrderBy(n => n.Name, StringComparer.Ordinal))
        {
            var report = byName.GetValueOrDefault(facts.Name);
            var then = NodePlanner.Plan(facts, after);
            conflicts.AddRange(
                then.Conflicts.Select(
                    c =>
                        $"{c.Field} on {c.Node}: policy {c.Winner} says {c.WinnerValue} and policy {c.Loser} {c.LoserValue}, with equal "
                            + $"priority; {c.WinnerValue} is taken"));
            var one = Node(facts.Name, NodePlanner.Plan(facts, existing).Spec, then.Spec, report);
            if (one.Changes.Count > 0 || one.Refused is not null)
            {
                planned.Add(one);
            }
        }

        return new PlanReport
        {
            Policies = [.. files.Select(f => f.Metadata!.Name!)],
            TotalNodes = nodes.Count,
            Nodes = planned,
            Conflicts = conflicts,
        };
    }

    /// <summary>A policy that is applied again keeps its age, which decides between equals.</summary>
    private static List<ConntrackPolicy> Merge(IReadOnlyList<ConntrackPolicy> existing, IReadOnlyList<ConntrackPolicy> files)
    {
        var names = files.Select(f => f.Metadata?.Name).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. existing.Where(p => !names.Contains(p.Metadata?.Name)),
            .. files.Select(f => f with
            {
                Metadata = f.Metadata! with
                {
                    CreationTimestamp = existing.FirstOrDefault(p => p.Metadata?.Name == f.Metadata.Name)?.Metadata?.CreationTimestamp,
                },
            }),
        ];
    }

    private static PlannedNode Node(string name, NodeSpec now, NodeSpec then, ConntrackNode? report)
    {
        var before = (now.Settings ?? []).ToDictionary(s => s.Name!, StringComparer.Ordinal);
        var changes = new List<PlannedChange>();
        foreach (var setting in then.Settings ?? [])
        {
            var current = Current(report, setting.Name!);

            // What is planned already, whether the node holds it or not, is for `status` to tell.
            if (!before.Remove(setting.Name!, out var old) || old != setting)
            {
                changes.Add(new PlannedChange
                {
                    Setting = setting.Name!,
                    Current = current,
                    Planned = setting.Value,
                    Policy = setting.Policy,
                    Rule = setting.Rule is { } rule ? $"{setting.Field}: {rule}" : setting.Field,
                    Refusal = setting.Mode == PolicyMode.Observe ? null : Refusal(setting, then, report),
                    Action = setting.Mode == PolicyMode.Observe ? "Observe" : current == Rounded(setting) ? "InSync" : "Set",
                });
            }
        }

        foreach (var gone in before.Values)
        {
            changes.Add(new PlannedChange
            {
                Setting = gone.Name!,
                Current = Current(report, gone.Name!),
                Planned = gone.OnRemoval == RemovalPolicy.Keep
                    ? null : report?.Status?.Settings?.FirstOrDefault(s => s.Name == gone.Name)?.Original,
                Policy = gone.Policy,
                Rule = "no policy sets it any more",
                Action = gone.OnRemoval == RemovalPolicy.Keep ? "Keep" : "Restore",
            });
        }

        return new PlannedNode
        {
            Name = name,
            Changes = changes,
            Refused = then.Refused,
            MemoryBytesBefore = report?.Status?.Table?.MemoryBytes,
            MemoryBytesAfter = Memory(then, report),
        };
    }

    private static long? Memory(NodeSpec plan, ConntrackNode? report)
    {
        long? Planned(string name) => plan.Settings?.FirstOrDefault(s => s.Name == name)?.Value ?? Current(report, name);

        var entries = Planned(SysctlNames.Max);
        var buckets = Planned(SysctlNames.Buckets) ?? entries;
        // Without a limit a full table has no size. An entry takes on that kernel what it took in the figure of before.
        var entryBytes = report?.Status?.Table?.EntryBytes is { } bytes and > 0 ? bytes : TableSizing.BytesPerEntry;
        return entries is > 0 and { } count && buckets is { } size
            ? TableSizing.MemoryBytes(count, size, entryBytes)
            : null;
    }

    /// <summary>Against the other threshold as planned, else as the node reports it, else as the kernel has it by itself.</summary>
    private static string? Refusal(NodeSetting setting, NodeSpec plan, ConntrackNode? report)
    {
        if (FragmentThresholds.Other(setting.Name!) is not { } other)
        {
            return null;
        }

        var known = plan.Settings?.FirstOrDefault(s => s.Name == other && s.Mode != PolicyMode.Observe)?.Value ?? Current(report, other);
        var refusal = FragmentThresholds.Refusal(setting.Name!, setting.Value!.Value, known ?? FragmentThresholds.Default(other));
        return refusal is null || known is not null ? refusal : refusal + " (taken to be the kernel's default, as the node tells none)";
    }

    private static long Rounded(NodeSetting setting) =>
        setting.Name == SysctlNames.Buckets ? Buckets.Round(setting.Value!.Value, 4096) : setting.Value!.Value;

    private static long? Current(ConntrackNode? report, string name) =>
        report?.Status?.Settings?.FirstOrDefault(s => s.Name == name)?.Actual ?? name switch
        {
            SysctlNames.Max => report?.Status?.Table is { NoLimit: true } ? 0 : report?.Status?.Table?.Limit,
            SysctlNames.Buckets => report?.Status?.Table?.Buckets,
            _ => null,
        };
}
