using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Formatting;
using ConntrackOperator.Planning.Precedence;
using ConntrackOperator.Planning.Settings;

namespace ConntrackOperator.Planning.Sizing;

/// <summary>Plans the table of one node: limit, buckets, and whether the node's memory allows them.</summary>
/// <param name="node">The node.</param>
/// <param name="bytesPerEntry">Memory of one entry.</param>
internal sealed class TablePlanner(NodeFacts node, int bytesPerEntry)
{
    /// <summary>What a policy's size is on this node.</summary>
    /// <param name="size">The policy's table.size.</param>
    /// <param name="buckets">Buckets that a policy sets; null: one an entry.</param>
    /// <returns>Null when the policy sets no size.</returns>
    internal SizeChoice? Resolve(TableSizeSpec? size, long? buckets) => size switch
    {
        null => null,
        { Entries: { } entries } => new SizeChoice(size, new TableSize(entries, null)),
        { Auto: { } auto } =>
            new SizeChoice(size, Knows(auto) ? TableSizing.Auto(auto, node.Cores, node.MemoryBytes, bytesPerEntry, buckets) : null),
        _ => null,
    };

    /// <summary>Adds the table's settings to the plan, or refuses them.</summary>
    internal void Plan(
        Picked<SizeChoice>? size, Picked<long>? buckets, Picked<long>? limit, List<NodeSetting> settings, List<RefusedSetting> refused)
    {
        var planned = Settings(size, buckets);
        var problem = planned.Count == 0 ? null : Problem(size, buckets, limit);
        if (problem is not { } found)
        {
            settings.AddRange(planned);
            return;
        }

        refused.AddRange(planned.Select(setting => new RefusedSetting
        {
            Name = setting.Name,
            Policy = setting.Policy,
            Reason = found.Reason,
            Message = found.Message,
        }));
    }

    private static List<NodeSetting> Settings(Picked<SizeChoice>? size, Picked<long>? buckets)
    {
        var planned = new List<NodeSetting>();
        if (size is { } limit)
        {
            planned.Add(PlannedSetting.From(
                SettingCatalog.MaxName, limit.Value.Resolved?.Entries ?? 0, limit.Policy, SettingCatalog.SizePath,
                limit.Value.Resolved?.Rule));
        }

        if (buckets is { } given)
        {
            var rounded = TableSizing.RoundBuckets(given.Value);
            var rule = rounded == given.Value
                ? null : $"{given.Value}, rounded up to a multiple of {TableSizing.BucketStep} as the kernel does";
            planned.Add(PlannedSetting.From(SettingCatalog.BucketsName, rounded, given.Policy, "table.buckets", rule));
        }
        else if (size is { } followed)
        {
            var entries = followed.Value.Resolved?.Entries ?? 0;
            planned.Add(PlannedSetting.From(
                SettingCatalog.BucketsName, TableSizing.RoundBuckets(entries), followed.Policy, SettingCatalog.SizePath,
                "one a table entry", atLeast: true));
        }

        return planned;
    }

    private (string Reason, string Message)? Problem(Picked<SizeChoice>? size, Picked<long>? buckets, Picked<long>? limit)
    {
        if (node.MemoryBytes <= 0)
        {
            return (RefusalReasons.FactsUnknown,
                "this node's memory is not known yet, so its share for the table can't be checked; planned as soon as the node reports "
                    + "its capacity");
        }

        if (size is { Value.Resolved: null })
        {
            return (RefusalReasons.FactsUnknown,
                "this node's number of cores is not known yet, and table.size.auto.entriesPerCore needs it; planned as soon as the node "
                    + "reports its capacity");
        }

        var percent = (int)(limit?.Value ?? TableSpec.DefaultMemoryLimitPercent);
        var entries = size?.Value.Resolved?.Entries ?? 0;
        long? fixedBuckets = buckets is { } given ? TableSizing.RoundBuckets(given.Value) : null;
        var bucketCount = fixedBuckets ?? TableSizing.RoundBuckets(entries);
        var needed = TableSizing.MemoryBytes(entries, bucketCount, bytesPerEntry);
        var allowed = TableSizing.Share(node.MemoryBytes, percent);
        return needed <= allowed
            ? null
            : (RefusalReasons.OverMemoryLimit, OverLimitMessage(entries, bucketCount, fixedBuckets, needed, allowed, percent, limit));
    }

    private string OverLimitMessage(
        long entries, long bucketCount, long? fixedBuckets, long needed, long allowed, int percent, Picked<long>? limit)
    {
        var fitting = TableSizing.EntriesWithin(allowed, bytesPerEntry, fixedBuckets);
        var what = entries > 0 ? $"{entries} entries and {bucketCount} buckets" : $"{bucketCount} buckets";
        var source = limit is { } picked ? $"policy {picked.Name}" : "the default";
        var change = entries > 0 && fitting >= TableSpec.MinimumEntries
            ? $"lower table.size to {fitting} entries or fewer, or raise table.memoryLimitPercent"
            : fixedBuckets is null ? "raise table.memoryLimitPercent" : "lower table.buckets, or raise table.memoryLimitPercent";
        var share = (Int128)needed * 1000 / node.MemoryBytes;
        return $"a full table of {what} would take {ByteSize.Format(needed)} at {bytesPerEntry} B an entry, "
            + $"{share / 10}.{share % 10}% of this node's {ByteSize.Format(node.MemoryBytes)} of memory; "
            + $"table.memoryLimitPercent {percent} ({source}) allows {ByteSize.Format(allowed)}: {change}";
    }

    private bool Knows(AutoSizeSpec auto) =>
        (auto.MemoryPercent is null || node.MemoryBytes > 0) && (auto.EntriesPerCore is null || node.Cores > 0);
}
