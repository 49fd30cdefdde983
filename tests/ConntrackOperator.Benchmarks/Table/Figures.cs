using System.Globalization;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>Collects figures by name, and prints medians and ratios.</summary>
internal sealed class Figures
{
    private readonly Dictionary<string, List<double>> _seconds = new(StringComparer.Ordinal);

    /// <summary>Whether every goal so far holds.</summary>
    internal bool AllHold { get; private set; } = true;

    internal void Add(string name, double value)
    {
        if (!_seconds.TryGetValue(name, out var values))
        {
            _seconds[name] = values = [];
        }

        values.Add(value);
    }

    internal void PrintSeconds()
    {
        Console.WriteLine();
        Console.WriteLine($"{"seconds",-56} {"median",8} {"least",8} {"most",8}");
        foreach (var (name, values) in _seconds)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-56} {Median(values),8:F3} {values.Min(),8:F3} {values.Max(),8:F3}"));
        }

        Console.WriteLine();
        Console.WriteLine($"{"figure",-72} {"is",9} {"goal",11}");
    }

    /// <summary>
    /// Prints the median of the rounds' ratios beside its goal. Both figures of a round were taken one right after the other,
    /// so what else the machine does at the time weighs on both.
    /// </summary>
    internal void Ratio(string name, string of, string to, double most) =>
        Goal($"{name}: {of} / {to}", Median(_seconds[of].Zip(_seconds[to], (a, b) => a / b)), most, "F3");

    internal void Goal(string name, double value, double most, string format)
    {
        var holds = value <= most;
        AllHold &= holds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-72} {value.ToString(format, CultureInfo.InvariantCulture),9} {"<= " + most.ToString("0.###", CultureInfo.InvariantCulture),11} {(holds ? "holds" : "MISSED")}"));
    }

    internal double Median(string name) => Median(_seconds[name]);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
