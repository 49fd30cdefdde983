using System.Globalization;
using ConntrackOperator.Engine.Forecasting;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>How many new connections find room in real tables that are nearly or quite full, beside what is said of them.</summary>
internal static class HeadroomCommand
{
    // One per cent of the smaller table is more than are tried before it is full.
    private const int Attempts = 500;
    private const int AttemptsWhenFull = 4000;
    private const int EntriesABucketInQuarters = 4;

    private static readonly int[] _unassured = [0, 5, 25, 50];
    private static readonly int[] _fullPercent = [95, 97, 99, 100];

    internal static int Run()
    {
        using var machine = new MachineTable(0);
        var buckets = Read(SysctlNames.Buckets);
        Console.WriteLine($"{"entries a bucket",16} {"unassured",10} {"full",6} {"found room",11} {"said",8} {"off by",7}");
        var worst = 0.0;
        for (var quarters = 1; quarters <= EntriesABucketInQuarters; quarters += EntriesABucketInQuarters - 1)
        {
            var limit = (int)(buckets * quarters / EntriesABucketInQuarters);
            if (new SysctlDirectory().Write(SysctlNames.Max, limit) is { Status: not SysctlStatus.Ok } failed)
            {
                throw new InvalidOperationException(failed.Message);
            }

            foreach (var unassured in _unassured)
            {
                worst = Math.Max(worst, Run(limit, buckets, unassured));
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the worst is off by {worst:F1} points"));
        return worst <= 5 ? 0 : 1;
    }

    private static double Run(int limit, long buckets, int unassured)
    {
        var worst = 0.0;
        foreach (var full in _fullPercent)
        {
            // A table of its own each: connections that were tried leave entries that are not assured.
            using var space = new NetworkNamespace();
            space.TrackLoopback();
            using var flows = new NewFlows(space);
            new MixedEntries(space, unassured).Add((int)((long)limit * full / 100));
            var attempts = full == 100 ? AttemptsWhenFull : Attempts;
            var found = 100.0 * (attempts - flows.Send(attempts)) / attempts;
            var said = full < 100 ? 100 : 100 * Headroom.WhenFull(limit, buckets, unassured / 100.0)!.Value;
            worst = Math.Max(worst, Math.Abs(found - said));
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(double)limit / buckets,16:F2} {unassured,9}% {full,5}% {found,10:F1}% {said,7:F1}% {said - found + 0.0,7:F1}"));
        }

        return worst;
    }

    private static long Read(string name) =>
        new SysctlDirectory().Read(name).Value ?? throw new InvalidOperationException($"{name} can't be read");
}
