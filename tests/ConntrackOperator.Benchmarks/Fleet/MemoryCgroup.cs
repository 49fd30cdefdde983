using System.Diagnostics;
using System.Globalization;

namespace ConntrackOperator.Benchmarks.Fleet;

/// <summary>
/// A memory cgroup of its own, version 1 or 2, as a container runtime makes one: what goes beyond the limit is killed by the kernel.
/// </summary>
internal sealed class MemoryCgroup : IDisposable
{
    private const string V1 = "/sys/fs/cgroup/memory";
    private const string V2 = "/sys/fs/cgroup";

    private readonly string _directory;
    private readonly bool _isV2;

    private MemoryCgroup(string directory, bool isV2) => (_directory, _isV2) = (directory, isV2);

    /// <summary>How many processes the kernel has killed for want of memory.</summary>
    public long Killed => Field(_isV2 ? "memory.events" : "memory.oom_control", "oom_kill");

    /// <summary>The most that was charged, page cache and the kernel's own among it, in bytes.</summary>
    public long Peak => Number(_isV2 ? "memory.peak" : "memory.max_usage_in_bytes");

    /// <summary>What is charged that can't be dropped: heaps and stacks, in bytes.</summary>
    public long Anonymous => Field("memory.stat", _isV2 ? "anon" : "total_rss");

    /// <summary>Makes one; needs root.</summary>
    /// <exception cref="IOException">This machine has no memory controller.</exception>
    public static MemoryCgroup Create(long bytes)
    {
        var isV2 = File.Exists(Path.Combine(V2, "cgroup.controllers"))
            && File.ReadAllText(Path.Combine(V2, "cgroup.controllers")).Contains("memory", StringComparison.Ordinal);
        if (isV2)
        {
            File.WriteAllText(Path.Combine(V2, "cgroup.subtree_control"), "+memory");
        }
        else if (!Directory.Exists(V1))
        {
            throw new IOException("no memory cgroup, version 1 or 2, is mounted under /sys/fs/cgroup");
        }

        var name = string.Create(CultureInfo.InvariantCulture, $"conntrack-benchmark-{Environment.ProcessId}-{Stopwatch.GetTimestamp()}");
        var group = new MemoryCgroup(Path.Combine(isV2 ? V2 : V1, name), isV2);
        Directory.CreateDirectory(group._directory);
        group.Write(isV2 ? "memory.max" : "memory.limit_in_bytes", bytes);
        var swap = Path.Combine(group._directory, isV2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes");
        if (File.Exists(swap))
        {
            File.WriteAllText(swap, isV2 ? "0" : bytes.ToString(CultureInfo.InvariantCulture));
        }

        return group;
    }

    /// <summary>Starts a program in it.</summary>
    public Process Start(string log, string file, params string[] arguments)
    {
        // The shell joins the group and becomes the program.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        foreach (var argument in (string[])[
            "-c", "echo $$ >\"$1\" && log=$2 && shift 2 && exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh",
            Path.Combine(_directory, "cgroup.procs"), log, file, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new IOException($"{file} does not start");
    }

    public void Dispose() => Directory.Delete(_directory);

    private void Write(string name, long value) =>
        File.WriteAllText(Path.Combine(_directory, name), value.ToString(CultureInfo.InvariantCulture));

    private long Number(string name) => long.Parse(File.ReadAllText(Path.Combine(_directory, name)).Trim(), CultureInfo.InvariantCulture);

    private long Field(string file, string name)
    {
        var line = File.ReadLines(Path.Combine(_directory, file)).First(l => l.StartsWith(name + " ", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(name.Length + 1), CultureInfo.InvariantCulture);
    }
}
