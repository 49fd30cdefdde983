using System.Diagnostics;
using System.Globalization;
using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sampling;

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

    private readonly BenchmarkNamespace _space;
    private readonly string _folder;
    private readonly Figures _figures = new();
    private readonly IdleClock _timeouts;
    private readonly TableScanner _scanner = new(FlowSource.Ctnetlink);
    private readonly TableScanner _procScanner = new(FlowSource.Proc);
    private Breakdown? _full;
    private double _worstShare;
    private double _scanCpu;
    private double _bytesPerEntry;
    private double _delay;
    private double _longestDelay;
    private long _askedAgain;
    private long _residentGrowth;

    private TableCommand(BenchmarkNamespace space, string folder)
    {
        _space = space;
        _folder = folder;
        _timeouts = space.Run(() => new TimeoutWatch().Clock(assumeHeld: true));
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
        TableLoader.Load(_space.Name, entries);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{entries:N0} entries loaded in {watch.Elapsed.TotalSeconds:F1} s; {Environment.ProcessorCount} CPUs, "
                + $"{rounds} rounds"));
        Shell.Run("/bin/sh", "-c", _space.Inside($"conntrack -L -p tcp --state TIME_WAIT -o save >{_folder}/time-wait 2>/dev/null"));
        var filters = new FilterRounds(_space, _folder, _figures);

        // Let the JIT see each path before it is timed: the agent is compiled ahead of time.
        _space.Run(() => _scanner.Sample(SampleEntries, _timeouts));
        _space.Run(() => _procScanner.Sample(SampleEntries, _timeouts));
        for (var round = 1; round <= rounds; round++)
        {
            Console.WriteLine($"round {round} of {rounds} ...");
            Read();
            ReadProc();
            DeleteBoth();
            filters.Flush(_full!);
            filters.ReadOneAddress();
        }

        Print();
        PeakMemory.Print(_space);
        return _figures.AllHold;
    }

    private void Compile()
    {
        var source = Path.Combine(_folder, "receive-only.c");
        using (var stream = typeof(TableCommand).Assembly.GetManifestResourceStream("receive-only.c")!)
        using (var file = File.Create(source))
        {
            stream.CopyTo(file);
        }

        Shell.Run("cc", "-O2", "-o", Path.Combine(_folder, "receive-only"), source);
    }

    private void Read()
    {
        // Each program prints the seconds of its dump alone, one of them followed by the unit.
        var cpu = CpuTime.OfChildren();
        var words = Shell.Run("ip", "netns", "exec", _space.Name, Path.Combine(_folder, "receive-only"))
            .Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        _figures.Add(Floor, new Taken(
            words.Select(w => double.TryParse(w, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var s)
                && w.Contains('.', StringComparison.Ordinal) ? s : -1).Max(),
            CpuTime.OfChildren() - cpu));

        // What starting programs left behind is none of the scan's; what the scan takes is there when it ends, collected or not.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var resident = PeakMemory.Restart();
        var (before, after) = (TimeSpan.Zero, TimeSpan.Zero);
        (_full, var allocatedByScan) = _figures.Timed(_space, Scan, () => Allocating(() =>
        {
            before = ThreadCpuTime.Now();
            var all = _scanner.Scan(_timeouts, SampleEntries);
            after = ThreadCpuTime.Now();
            return all;
        }));
        _scanCpu = Math.Max(_scanCpu, (after - before).TotalSeconds);
        _residentGrowth = Math.Max(_residentGrowth, PeakMemory.OfThis() - resident);
        _figures.Add(ToolList, Shell.Time(_space.Inside("conntrack -L >/dev/null 2>&1")));
        var (sample, allocatedBySample) = _figures.Timed(_space, Sample, () => Allocating(() => _scanner.Sample(SampleEntries, _timeouts)));
        _worstShare = Math.Max(_worstShare, Difference(_full, sample));

        // What a reading takes once, whatever it reads, is in both.
        _bytesPerEntry = (double)(allocatedByScan - allocatedBySample) / Math.Max(1, _full.Sampled - sample.Sampled);
    }

    private void ReadProc()
    {
        _figures.Add(Cat, Shell.Time(_space.Inside("cat /proc/net/nf_conntrack >/dev/null")));
        var result = _figures.Timed(_space, ProcScan, () => _procScanner.Scan(_timeouts));
        if (Difference(_full!, result) > 0.01)
        {
            throw new InvalidOperationException("the two sources do not agree");
        }
    }

    private void DeleteBoth()
    {
        var deleted = _figures.Timed(
            _space, Delete, () => new FlowDeleter().Delete(new FlowMatch { Protocol = 6, States = ["TIME_WAIT"] }, dryRun: false));
        _delay = Math.Max(_delay, deleted.DelayP99!.Value.TotalMilliseconds);
        _longestDelay = Math.Max(_longestDelay, deleted.DelayLongest!.Value.TotalMilliseconds);
        _askedAgain += deleted.AskedAgain;
        Reload();
        _figures.Add(ToolDelete, Shell.Time(_space.Inside("conntrack -D -p tcp --state TIME_WAIT >/dev/null 2>&1")));
        Reload();
        if (deleted.Deleted != _full!.States.Single(s => s.State == "TIME_WAIT").Count)
        {
            throw new InvalidOperationException($"deleted {deleted.Deleted} of {_full.States.Single(s => s.State == "TIME_WAIT").Count}");
        }
    }

    private void Reload() => Shell.Run("/bin/sh", "-c", _space.Inside($"conntrack -R {_folder}/time-wait >/dev/null 2>&1"));

    private static (T Result, long Bytes) Allocating<T>(Func<T> function)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var result = function();
        return (result, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private void Print()
    {
        _figures.PrintSeconds();
        _figures.Ratio("scan", Scan, Floor, 1.06);
        _figures.Ratio("scan", Scan, ToolList, 0.62);
        _figures.Ratio("scan", ProcScan, Cat, 1.3);
        _figures.Ratio("sample", Sample, Scan, 0.06);
        _figures.Ratio("delete", Delete, ToolDelete, 0.5);
        _figures.Ratio("flush", FilterRounds.Flushing, FilterRounds.ToolFlush, 0.15);
        _figures.Ratio("flows", FilterRounds.Address, FilterRounds.ToolAddress, 0.2);
        _figures.Goal("delete: 99 % within so many ms of the kernel's reading, worst round", _delay, 2, "F2");
        _figures.Goal("sample: worst share, percentage points off", _worstShare, 1, "F3");
        _figures.Goal("scan: bytes allocated an entry", Math.Abs(Math.Round(_bytesPerEntry, 2)), 0, "F2");
        _figures.Goal("scan: the most that resident memory grew by in it, MiB, worst round", _residentGrowth / 1048576.0, 4, "F1");
        Console.WriteLine();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"delete: the longest {_longestDelay:F2} ms after the reading; {_askedAgain} times an entry was looked at again first"));

        // The agent takes a sample every 75 s on average.
        var left = ScanCycle.CoreShare - (_figures.Median(Sample) / 75);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"scan: {_scanCpu:F1} s of CPU in the worst round: within the agent's {ScanCycle.CoreShare:P1} of a core one every "
                + $"{_scanCpu / left / 60:F0} min beside its samples"));
        var states = _full!.States.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Protocol} {s.State} {s.Percent:F1} %"));
        Console.WriteLine($"the table: {string.Join(", ", states)}");
    }

    /// <summary>The share that is furthest off, in points: every state, assured, unreplied, and the top ports.</summary>
    private static double Difference(Breakdown truth, Breakdown estimate)
    {
        var worst = Math.Max(
            Math.Abs(truth.AssuredPercent - estimate.AssuredPercent), Math.Abs(truth.UnrepliedPercent - estimate.UnrepliedPercent));
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
}
