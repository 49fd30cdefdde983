using System.Globalization;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Host;

/// <summary>What sizing and reports need to know of the machine. Text is empty and numbers are 0 where unknown.</summary>
/// <param name="Kernel">The kernel's release, such as 6.18.44.</param>
/// <param name="BootId">A value that changes at each boot (/proc/sys/kernel/random/boot_id).</param>
/// <param name="NetworkNamespace">The inode of the calling thread's network namespace, in decimal.</param>
/// <param name="Cores">Online CPUs of the host, whatever a container may use of them.</param>
/// <param name="MemoryBytes">MemTotal of the host, in bytes.</param>
/// <param name="HostName">The host's name.</param>
public sealed record HostFacts(string Kernel, string BootId, string NetworkNamespace, int Cores, long MemoryBytes, string HostName)
{
    /// <summary>
    /// The cookie of the calling thread's network namespace (SO_NETNS_COOKIE, Linux 5.14), in decimal: unlike the inode it is given
    /// to no other namespace of the same boot. Empty where the kernel gives none.
    /// </summary>
    public string NetworkNamespaceCookie { get; init; } = "";

    /// <summary>
    /// Whether the calling thread's network namespace is known to be the initial one, which is there as long as the kernel runs: only
    /// there net.core has the keys that hold for all namespaces (net/core/sysctl_net_core.c).
    /// </summary>
    public bool IsInitialNetworkNamespace { get; init; }

    /// <summary>Whether an id that was written down is this boot's: one that is not known is nobody's.</summary>
    /// <param name="bootId">The id that was written down.</param>
    public bool IsThisBoot(string? bootId) => BootId.Length > 0 && bootId == BootId;

    /// <summary>Reads them. Throws nothing for files that are missing or odd.</summary>
    /// <param name="procPath">Where procfs is mounted.</param>
    /// <param name="sysPath">Where sysfs is mounted.</param>
    public static HostFacts Read(string procPath = "/proc", string sysPath = "/sys")
    {
        ArgumentNullException.ThrowIfNull(procPath);
        ArgumentNullException.ThrowIfNull(sysPath);
        var cores = CpuList.Count(ReadText(sysPath + "/devices/system/cpu/online"));
        var space = ReadNamespace(procPath);
        return new HostFacts(
            ReadText(procPath + "/sys/kernel/osrelease"),
            ReadText(procPath + "/sys/kernel/random/boot_id"),
            space,
            cores > 0 ? cores : CountProcessors(procPath + "/cpuinfo"),
            ReadMemory(procPath + "/meminfo"),
            ReadText(procPath + "/sys/kernel/hostname"))
        {
            // A tree that only imitates /proc names a namespace that this thread is not in.
            NetworkNamespaceCookie = space.Length > 0 && space == ReadNamespace("/proc") ? ReadCookie() : "",
            IsInitialNetworkNamespace = File.Exists(procPath + "/sys/net/core/netdev_max_backlog"),
        };
    }

    private static unsafe string ReadCookie()
    {
        var fd = Libc.socket(Native.AF_NETLINK, Native.SOCK_RAW | Native.SOCK_CLOEXEC, 0);
        if (fd < 0)
        {
            return "";
        }

        ulong cookie = 0;
        var length = (uint)sizeof(ulong);
        var known = Libc.getsockopt(fd, Native.SOL_SOCKET, Native.SO_NETNS_COOKIE, &cookie, &length) == 0 && length == sizeof(ulong)
            && cookie != 0;
        _ = Libc.close(fd);
        return known ? cookie.ToString() : "";
    }

    // A namespace belongs to a thread; thread-self is missing before Linux 3.17 only.
    private static string ReadNamespace(string procPath)
    {
        foreach (var self in (ReadOnlySpan<string>)["thread-self", "self"])
        {
            try
            {
                // The link reads "net:[4026531840]".
                var target = new FileInfo($"{procPath}/{self}/ns/net").LinkTarget;
                if (target is not null && target.StartsWith("net:[", StringComparison.Ordinal) && target.EndsWith(']'))
                {
                    return target["net:[".Length..^1];
                }
            }
            catch (Exception e) when (e.IsIoFailure())
            {
                // Not there or not ours to see: unknown.
            }
        }

        return "";
    }

    private static long ReadMemory(string path)
    {
        foreach (var line in ReadText(path).AsSpan().EnumerateLines())
        {
            if (!line.StartsWith("MemTotal:", StringComparison.Ordinal))
            {
                continue;
            }

            var number = line["MemTotal:".Length..].Trim();
            var space = number.IndexOf(' ');
            return long.TryParse(space < 0 ? number : number[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes)
                && kibibytes <= long.MaxValue / 1024
                ? kibibytes * 1024
                : 0;
        }

        return 0;
    }

    private static int CountProcessors(string path)
    {
        var count = 0;
        foreach (var line in ReadText(path).AsSpan().EnumerateLines())
        {
            // "processor\t: 0" nearly everywhere; s390 has "processor 0: version = ..."
            if (line.StartsWith("processor", StringComparison.Ordinal))
            {
                count++;
            }
        }

        return count;
    }

    private static string ReadText(string path)
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
}
