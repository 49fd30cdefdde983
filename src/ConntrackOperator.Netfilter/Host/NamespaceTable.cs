namespace ConntrackOperator.Netfilter.Host;

/// <summary>What one other network namespace's table says of itself.</summary>
/// <param name="Inode">The namespace's inode: the number that the kernel's log calls netns.</param>
/// <param name="Name">Its name under /run/netns; null where it has none.</param>
/// <param name="Pid">A process in it; null where none was seen.</param>
/// <param name="Process">That process' name; null where none was seen.</param>
/// <param name="Pod">A pod's UID or a container's id, from the process' cgroup; null where it tells none.</param>
/// <param name="Entries">Entries in its table.</param>
/// <param name="Drops">
/// Packets dropped since it was made that were no lost race: at least so many. For want of an entry only where it was full.
/// </param>
/// <param name="EarlyDrops">Entries evicted early since it was made.</param>
public sealed record NamespaceTable(
    ulong Inode, string? Name, int? Pid, string? Process, string? Pod, long Entries, long Drops, long EarlyDrops);
