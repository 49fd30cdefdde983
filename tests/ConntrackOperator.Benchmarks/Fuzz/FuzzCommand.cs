using System.Diagnostics;
using System.Globalization;
using ConntrackOperator.TestKit.Fuzzing;

namespace ConntrackOperator.Benchmarks.Fuzz;

/// <summary>The long run of the parsers' fuzzing.</summary>
internal static class FuzzCommand
{
    internal static int Run(string[] arguments)
    {
        var inputs = Arguments.Number(arguments, "--inputs", 10_000_000);
        var seed = Arguments.Number(arguments, "--seed", 1);
        var (messages, lines) = Corpus();
        var workers = Environment.ProcessorCount;
        var watch = Stopwatch.StartNew();
        var outcomes = new ParserFuzzer.Outcome[workers];
        Parallel.For(0, workers, worker =>
            outcomes[worker] = new ParserFuzzer(messages, lines, seed + worker).Run((inputs + workers - 1) / workers));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{outcomes.Sum(o => o.Inputs):N0} inputs in {watch.Elapsed.TotalSeconds:F1} s, seeds {seed} to {seed + workers - 1}: no "
                + $"crash, no hang, no read out of bounds; {outcomes.Sum(o => o.MessagesAccepted):N0} messages and "
                + $"{outcomes.Sum(o => o.LinesAccepted):N0} lines were accepted"));
        return 0;
    }

    private static (List<byte[]> Messages, List<string> Lines) Corpus()
    {
        using var stream = typeof(FuzzCommand).Assembly.GetManifestResourceStream("flows.txt")!;
        using var reader = new StreamReader(stream);
        var (messages, lines) = (new List<byte[]>(), new List<string>());
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith("wire ", StringComparison.Ordinal))
            {
                messages.Add(Convert.FromHexString(line[5..]));
            }
            else if (line.Length > 5 && line[0] != '#')
            {
                lines.Add(line[5..]);
            }
        }

        return (messages, lines);
    }
}
