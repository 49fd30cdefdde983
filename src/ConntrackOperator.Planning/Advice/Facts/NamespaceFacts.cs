namespace ConntrackOperator.Planning.Advice.Facts;

/// <summary>The table of another network namespace of the machine: a pod's, mostly.</summary>
public sealed record NamespaceFacts
{
    /// <summary>The namespace's inode: the number that the kernel's log calls netns.</summary>
    public required ulong Inode { get; init; }

    /// <summary>Its name under /run/netns; null where it has none.</summary>
    public string? Name { get; init; }

    /// <summary>A process in it; null where none was found.</summary>
    public int? Pid { get; init; }

    /// <summary>That process' name.</summary>
    public string? Process { get; init; }

    /// <summary>The pod's UID or the container's id, from the process' cgroup; null where it tells none.</summary>
    public string? Pod { get; init; }

    /// <summary>Entries in its table.</summary>
    public required long Entries { get; init; }

    /// <summary>What it can hold: the machine's limit, which each namespace's table is measured by; null: none or not known.</summary>
    public long? Limit { get; init; }

    /// <summary>Packets lost for want of an entry, a minute; null: not known yet.</summary>
    public double? DropsPerMinute { get; init; }

    /// <summary>Entries evicted early, a minute; null: not known yet.</summary>
    public double? EarlyDropsPerMinute { get; init; }

    /// <summary>How full it is, in percent, rounded down; null without a limit.</summary>
    public int? Percent => Limit is > 0 and { } limit ? (int)Math.Min(100, Entries * 100 / limit) : null;
}
