using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using ConntrackOperator.Netfilter.Counters;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Host;

/// <summary>
/// Finds the other network namespaces of the machine and how full their tables are: those with a process that /proc shows, and
/// those with a name under /run/netns. A namespace with neither is not seen, nor is one whose files we may not read.
/// </summary>
public sealed partial class NamespaceTables
{
    private const int Most = 4096;

    private readonly string _procPath;
    private readonly string _namesPath;

    /// <summary>Opens nothing yet.</summary>
    /// <param name="procPath">Where procfs of all processes is mounted.</param>
    /// <param name="namesPath">Where ip-netns(8) keeps its names.</param>
    public NamespaceTables(string procPath = "/proc", string namesPath = "/run/netns")
    {
        _procPath = procPath;
        _namesPath = namesPath;
    }

    /// <summary>
    /// Whether the machine's own processes are seen: PID 2 is the kernel's kthreadd in its initial PID namespace, and nowhere else.
    /// </summary>
    public bool SeesMachine => Text(_procPath + "/2/comm") == "kthreadd";

    /// <summary>Looks. Throws nothing for what is gone meanwhile or not ours to see.</summary>
    /// <returns>Other namespaces than the calling thread's, the fullest first.</returns>
    public IReadOnlyList<NamespaceTable> Read()
    {
        var own = Inode(_procPath + "/thread-self/ns/net") ?? Inode(_procPath + "/self/ns/net");
        var names = Names();
        var found = new Dictionary<ulong, NamespaceTable>();
        foreach (var (inode, pid) in Processes())
        {
            if (inode == own || found.ContainsKey(inode) || ReadStat($"{_procPath}/{pid}/net/stat/nf_conntrack") is not { } stat)
            {
                continue;
            }

            var name = names.TryGetValue(inode, out var named) ? named.Name : null;
            found[inode] = new NamespaceTable(
                inode, name, pid, Text($"{_procPath}/{pid}/comm"), Pod(Text($"{_procPath}/{pid}/cgroup")), stat.Entries, stat.Drops,
                stat.EarlyDrops);
        }

        foreach (var (inode, named) in names)
        {
            if (inode != own && !found.ContainsKey(inode) && named.Stat is { } stat)
            {
                found[inode] = new NamespaceTable(inode, named.Name, null, null, null, stat.Entries, stat.Drops, stat.EarlyDrops);
            }
        }

        return [.. found.Values.OrderByDescending(table => table.Entries).ThenBy(table => table.Inode)];
    }

    /// <summary>/proc/net/stat/nf_conntrack, all CPUs: drops are those that were no lost race. Null: not that file.</summary>
    internal static (long Entries, long Drops, long EarlyDrops)? Parse(ReadOnlySpan<byte> text)
    {
        var rows = new List<CounterRow>();
        if (!StatFile.TryParse(text, rows, out var entries))
        {
            return null;
        }

        var sinceMade = new CounterAccumulator();
        sinceMade.Add(CollectionsMarshal.AsSpan(rows));
        return (entries, sinceMade.TableFullDrops, sinceMade[CounterField.EarlyDrop]);
    }

    /// <summary>The pod's UID, or the first digits of the container's id.</summary>
    internal static string? Pod(string cgroup)
    {
        var pod = PodUid().Match(cgroup);
        if (pod.Success)
        {
            return pod.Groups[1].Value.Replace('_', '-');
        }

        var container = ContainerId().Match(cgroup);
        return container.Success ? container.Value[..12] : null;
    }

    // One process a namespace: a pod's own rather than the one that only holds the namespace open.
    private IEnumerable<(ulong Inode, int Pid)> Processes()
    {
        var seen = new Dictionary<ulong, (int Pid, bool Holder)>();
        foreach (var directory in Directories(_procPath).Take(Most * 16))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                || Inode(directory + "/ns/net") is not { } inode)
            {
                continue;
            }

            if (!seen.TryGetValue(inode, out var known))
            {
                if (seen.Count < Most)
                {
                    seen[inode] = (pid, Text(directory + "/comm") == "pause");
                }
            }
            else if (known.Holder)
            {
                seen[inode] = (pid, Text(directory + "/comm") == "pause");
            }
        }

        return seen.Select(pair => (pair.Key, pair.Value.Pid));
    }

    private Dictionary<ulong, (string Name, (long Entries, long Drops, long EarlyDrops)? Stat)> Names()
    {
        var names = new Dictionary<ulong, (string, (long, long, long)?)>();
        string[] files;
        try
        {
            files = Directory.Exists(_namesPath) ? Directory.GetFiles(_namesPath) : [];
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return names;
        }

        // A namespace is a thread's: this one ends when it has looked.
        var looker = new Thread(() =>
        {
            foreach (var file in files.Take(Most))
            {
                if (NamespaceEntry.TryEnter(file) && Inode(_procPath + "/thread-self/ns/net") is { } inode)
                {
                    names[inode] = (Path.GetFileName(file), ReadStat(_procPath + "/thread-self/net/stat/nf_conntrack"));
                }
            }
        })
        {
            IsBackground = true,
            Name = "namespaces",
        };
        if (files.Length > 0)
        {
            looker.Start();
            looker.Join();
        }

        return names;
    }

    private static IEnumerable<string> Directories(string path)
    {
        try
        {
            return Directory.EnumerateDirectories(path);
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return [];
        }
    }

    private static ulong? Inode(string link)
    {
        try
        {
            // The link reads "net:[4026531840]".
            var target = new FileInfo(link).LinkTarget;
            return target is not null && target.StartsWith("net:[", StringComparison.Ordinal)
                && ulong.TryParse(target.AsSpan(5).TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out var inode)
                ? inode
                : null;
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return null;
        }
    }

    private static (long Entries, long Drops, long EarlyDrops)? ReadStat(string path)
    {
        try
        {
            return Parse(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return null;
        }
    }

    private static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return "";
        }
    }

    [GeneratedRegex("pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})")]
    private static partial Regex PodUid();

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex ContainerId();
}
