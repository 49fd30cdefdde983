using System.Diagnostics;
using System.Globalization;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>Reading, sampling and deleting of a real table, side by side with what else can do it, in rounds.</summary>
internal sealed class TableCommand
{
    private const string Floor = "C program that only receives";
    private const string ToolList = "conntrack -L >/dev/null";
    private const string Scan = "full scan, ctnetlink";
    private const string Cat = "cat /proc/net/nf_conntrack >/dev/null";
    private const string ProcScan = "full scan, /proc";
    private const string Sample = "sample of 50,000";
    private const string ToolDelete = "conntrack -D -p tcp --state TIME_WAIT";
    private const string Delete = "delete TIME_WAIT";
    private const int SampleEntries = 50_000;

    private readonly BenchmarkNamespace space;
    private readonly string folder;
    private readonly Figures figures = new();
    private readonly TimeoutTable timeouts;
    private readonly TableScanner scanner = new(FlowSource.Ctnetlink);
    private readonly TableScanner procScanner = new(FlowSource.Proc);
    private Breakdown? full;
    private double worstShare;
    private double bytesPerEntry;
    private long residentBefore;
    private long residentAfter;

    private TableCommand(BenchmarkNamespace space, string folder)
    {
        this.space = space;
        this.folder = folder;
        timeouts = space.Run(() => TimeoutTable.Read(new SysctlDirectory()));
    }

    internal static int Run(string[] arguments)
    {
        var entries = Arguments.Number(arguments, "--entries", 1_000_000);
        var rounds = Arguments.Number(arguments, "--rounds", 5);
        using var machine = new MachineTable(entries);
        using var space = new BenchmarkNamespace();
        var folder = Directory.CreateTempSubdirectory("conntrack-benchmark-");
        try
        {
            return new TableCommand(space, folder.FullName).Run(entries, rounds) ? 0 : 1;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private bool Run(int entries, int rounds)
    {
        Compile();
        var watch = Stopwatch.StartNew();
        var loader = TableLoader.Load(space.Name, entries);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{entries:N0} entries loaded by {loader} in {watch.Elapsed.TotalSeconds:F1} s; {Environment.ProcessorCount} CPUs, {rounds} rounds"));
        Shell.Run("/bin/sh", "-c", space.Inside($"conntrack -L -p tcp --state TIME_WAIT -o save >{folder}/time-wait 2>/dev/null"));

        // Let the JIT see each path before it is timed: the agent is compiled ahead of time.
        space.Run(() => scanner.Sample(SampleEntries, timeouts));
        space.Run(() => procScanner.Sample(SampleEntries, timeouts));
        Thread.Sleep(500);
        residentBefore = Resident();
        for (var round = 1; round <= rounds; round++)
        {
            Console.WriteLine($"round {round} of {rounds} ...");
            Read();
            ReadProc();
            DeleteBoth();
        }

        Print();
        return figures.AllHold;
    }

    private void Compile()
    {
        var source = TableLoader.Shared("receive.c") ?? Path.Combine(folder, "receive-only.c");
        if (!File.Exists(source))
        {
            using var stream = typeof(TableCommand).Assembly.GetManifestResourceStream("receive-only.c")!;
            using var file = File.Create(source);
            stream.CopyTo(file);
        }

        Shell.Run("cc", "-O2", "-o", Path.Combine(folder, "receive-only"), source);
    }

    private void Read()
    {
        // Each program prints the seconds of its dump alone, one of them followed by the unit.
        var words = Shell.Run("ip", "netns", "exec", space.Name, Path.Combine(folder, "receive-only")).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        figures.Add(Floor, words.Select(w => double.TryParse(w, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var s) && w.Contains('.', StringComparison.Ordinal) ? s : -1).Max());

        (full, var allocatedByScan) = Timed(Scan, () => Allocating(() => scanner.Scan(timeouts)));
        residentAfter = Resident();
        figures.Add(ToolList, Shell.Time(space.Inside("conntrack -L >/dev/null 2>&1")));
        var (sample, allocatedBySample) = Timed(Sample, () => Allocating(() => scanner.Sample(SampleEntries, timeouts)));
        worstShare = Math.Max(worstShare, Difference(full, sample));

        // What a reading takes once, whatever it reads, is in both.
        bytesPerEntry = (double)(allocatedByScan - allocatedBySample) / Math.Max(1, full.Sampled - sample.Sampled);
    }

    private void ReadProc()
    {
        figures.Add(Cat, Shell.Time(space.Inside("cat /proc/net/nf_conntrack >/dev/null")));
        var result = Timed(ProcScan, () => procScanner.Scan(timeouts));
        if (Difference(full!, result) > 0.01)
        {
            throw new InvalidOperationException("the two sources do not agree");
        }
    }

    private void DeleteBoth()
    {
        var deleted = Timed(Delete, () => new FlowDeleter().Delete(new FlowMatch { Protocol = 6, States = ["TIME_WAIT"] }, dryRun: false));
        Reload();
        figures.Add(ToolDelete, Shell.Time(space.Inside("conntrack -D -p tcp --state TIME_WAIT >/dev/null 2>&1")));
        Reload();
        if (deleted.Deleted != full!.States.Single(s => s.State == "TIME_WAIT").Count)
        {
            throw new InvalidOperationException($"deleted {deleted.Deleted} of {full.States.Single(s => s.State == "TIME_WAIT").Count}");
        }
    }

    private void Reload() => Shell.Run("/bin/sh", "-c", space.Inside($"conntrack -R {folder}/time-wait >/dev/null 2>&1"));

    private static (T Result, long Bytes) Allocating<T>(Func<T> function)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var result = function();
        return (result, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private T Timed<T>(string name, Func<T> function) => space.Run(() =>
    {
        var watch = Stopwatch.StartNew();
        var result = function();
        figures.Add(name, watch.Elapsed.TotalSeconds);
        return result;
    });

    private void Print()
    {
        figures.PrintSeconds();
        figures.Ratio("scan", Scan, Floor, 1.10);
        figures.Ratio("scan", Scan, ToolList, 0.62);
        figures.Ratio("scan", ProcScan, Cat, 1.3);
        figures.Ratio("sample", Sample, Scan, 0.06);
        figures.Ratio("delete", Delete, ToolDelete, 0.7);
        figures.Goal("sample: worst share, percentage points off", worstShare, 1, "F3");
        figures.Goal("scan: bytes allocated an entry", Math.Abs(Math.Round(bytesPerEntry, 2)), 0, "F2");
        figures.Goal("scan: growth of resident memory over the sample's, MiB", (residentAfter - residentBefore) / 1048576.0, 4, "F1");
        Console.WriteLine();
        Console.WriteLine($"the table: {string.Join(", ", full!.States.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Protocol} {s.State} {s.Percent:F1} %")))}");
    }

    /// <summary>The share that is furthest off, in points: every state, assured, unreplied, and the top ports.</summary>
    private static double Difference(Breakdown truth, Breakdown estimate)
    {
        var worst = Math.Max(Math.Abs(truth.AssuredPercent - estimate.AssuredPercent), Math.Abs(truth.UnrepliedPercent - estimate.UnrepliedPercent));
        foreach (var state in truth.States)
        {
            var other = estimate.States.SingleOrDefault(s => (s.Protocol, s.State) == (state.Protocol, state.State));
            worst = Math.Max(worst, Math.Abs(state.Percent - (other?.Percent ?? 0)));
        }

        foreach (var port in truth.TopPorts)
        {
            var other = estimate.TopPorts.SingleOrDefault(p => (p.Port, p.Protocol) == (port.Port, port.Protocol));
            worst = Math.Max(worst, Math.Abs(port.Percent - (other?.Percent ?? 0)));
        }

        return worst;
    }

    private static long Resident()
    {
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
