using System.Diagnostics;
using System.Globalization;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>Collects figures by name, and prints medians and ratios.</summary>
internal sealed class Figures
{
    private readonly Dictionary<string, List<Taken>> _taken = new(StringComparer.Ordinal);

    /// <summary>Whether every goal so far holds.</summary>
    internal bool AllHold { get; private set; } = true;

    internal void Add(string name, Taken value)
    {
        if (!_taken.TryGetValue(name, out var values))
        {
            _taken[name] = values = [];
        }

        values.Add(value);
    }

    /// <summary>Runs a function in the namespace and keeps what it took.</summary>
    internal T Timed<T>(BenchmarkNamespace space, string name, Func<T> function) => space.Run(() =>
    {
        var (watch, cpu) = (Stopwatch.StartNew(), CpuTime.OfThis());
        var result = function();
        Add(name, new Taken(watch.Elapsed.TotalSeconds, CpuTime.OfThis() - cpu));
        return result;
    });

    internal void PrintSeconds()
    {
        Console.WriteLine();
        Console.WriteLine($"{"seconds",-56} {"median",8} {"least",8} {"most",8} {"least CPU",10}");
        foreach (var (name, values) in _taken)
        {
            var seconds = values.Select(v => v.Seconds).ToList();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-56} {Median(seconds),8:F3} {seconds.Min(),8:F3} {seconds.Max(),8:F3} {values.Min(v => v.CpuSeconds),10:F3}"));
        }

        Console.WriteLine();
        Console.WriteLine($"{"figure",-80} {"is",9} {"by CPU",8} {"goal",11}");
    }

    /// <summary>
    /// Prints the median of the rounds' ratios beside its goal. Both figures of a round were taken one right after the other,
    /// so what else the machine does at the time weighs on both. Beside it the same of the CPU time, on which it weighs less.
    /// </summary>
    internal void Ratio(string name, string of, string to, double most) => Goal(
        $"{name}: {of} / {to}",
        Median(_taken[of].Zip(_taken[to], (a, b) => a.Seconds / b.Seconds)),
        most,
        "F3",
        Median(_taken[of].Zip(_taken[to], (a, b) => a.CpuSeconds / b.CpuSeconds)).ToString("F3", CultureInfo.InvariantCulture));

    internal void Goal(string name, double value, double most, string format, string byCpu = "")
    {
        var holds = value <= most;
        AllHold &= holds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-80} {value.ToString(format, CultureInfo.InvariantCulture),9} {byCpu,8} "
                + $"{"<= " + most.ToString("0.###", CultureInfo.InvariantCulture),11} {(holds ? "holds" : "MISSED")}"));
    }

    internal double Median(string name) => Median(_taken[name].Select(t => t.Seconds));

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
