using System.Diagnostics;
using System.Globalization;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>
/// How long a change of the hash table's size takes with how many entries: the difference between two numbers of entries is what
/// an entry costs with all locks held. What is the same at any number (memory, a grace period) holds no lock.
/// </summary>
internal static class RehashCommand
{
    private const int Rounds = 7;

    internal static int Run(string[] arguments)
    {
        var entries = Arguments.Number(arguments, "--entries", 1_000_000);
        using var machine = new MachineTable(entries);
        using var space = new BenchmarkNamespace();
        var sysctls = new SysctlDirectory();
        var buckets = sysctls.Read(SysctlNames.Buckets).Value!.Value;
        var empty = Median(sysctls, buckets);
        Print(0, buckets, empty);
        TableLoader.Load(space.Name, entries);
        var full = Median(sysctls, buckets);
        Print(entries, buckets, full);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(full - empty).TotalNanoseconds / entries:F0} ns an entry"));
        return 0;
    }

    // To another size each time: the kernel does nothing for the one that it has.
    private static TimeSpan Median(SysctlDirectory sysctls, long buckets)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < Rounds; i++)
        {
            var watch = Stopwatch.StartNew();
            sysctls.Write(SysctlNames.Buckets, Buckets.Round(buckets + ((i + 1) % 2)));
            times.Add(watch.Elapsed);
        }

        sysctls.Write(SysctlNames.Buckets, buckets);
        return times.Order().ElementAt(Rounds / 2);
    }

    private static void Print(int entries, long buckets, TimeSpan time) => Console.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{entries} entries, {buckets} buckets: {time.TotalMilliseconds:F1} ms"));
}
