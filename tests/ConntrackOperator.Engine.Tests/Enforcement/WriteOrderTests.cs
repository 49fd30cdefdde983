using System.Collections.Concurrent;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Enforcement;

public sealed class WriteOrderTests
{
    [Fact]
    public void Growing_writes_buckets_before_the_limit() => Assert.Equal(
        [SysctlNames.Buckets, SysctlNames.Max],
        Order(Set(SysctlNames.Max, 1048576), Set(SysctlNames.Buckets, 1048576)));

    [Fact]
    public void Shrinking_writes_the_limit_before_buckets() => Assert.Equal(
        [SysctlNames.Max, SysctlNames.Buckets],
        Order(Set(SysctlNames.Buckets, 65536), Set(SysctlNames.Max, 65536)));

    [Fact]
    public void Rising_thresholds_write_the_upper_one_first() => Assert.Equal(
        [SysctlNames.Fragment6HighThreshold, SysctlNames.Fragment6LowThreshold],
        Order(Set(SysctlNames.Fragment6LowThreshold, 8388608), Set(SysctlNames.Fragment6HighThreshold, 16777216)));

    [Fact]
    public void Falling_thresholds_write_the_lower_one_first() => Assert.Equal(
        [SysctlNames.Fragment6LowThreshold, SysctlNames.Fragment6HighThreshold],
        Order(Set(SysctlNames.Fragment6HighThreshold, 2097152), Set(SysctlNames.Fragment6LowThreshold, 1048576)));

    [Fact]
    public void The_size_is_written_before_everything_else() => Assert.Equal(
        [SysctlNames.Buckets, SysctlNames.Max, SysctlNames.UdpTimeout],
        Order(Set(SysctlNames.UdpTimeout, 20), Set(SysctlNames.Max, 1048576), Set(SysctlNames.Buckets, 1048576)));

    /// <summary>inotify hands out the writes of one directory in the order in which they were done.</summary>
    private static List<string> Order(params NodeSetting[] settings)
    {
        using var machine = new Machine();
        _ = machine.Engine;
        var seen = new ConcurrentQueue<string>();
        using var all = new ManualResetEventSlim();
        using var watcher = new FileSystemWatcher(machine.Keys) { NotifyFilter = NotifyFilters.LastWrite | NotifyFilters.Size };
        watcher.Changed += (_, change) =>
        {
            seen.Enqueue(change.Name!);
            if (seen.Distinct().Count() == settings.Length)
            {
                all.Set();
            }
        };
        watcher.EnableRaisingEvents = true;
        machine.Apply(settings);
        Assert.True(all.Wait(TimeSpan.FromSeconds(90), TestContext.Current.CancellationToken), $"saw only {string.Join(", ", seen)}");
        return [.. seen.Distinct()];
    }
}
