using ConntrackOperator.TestKit.Fuzzing;

namespace ConntrackOperator.Netfilter.Tests.Flows;

/// <summary>A short, seeded run of both parsers' fuzzing; the benchmarks executable has the long one (its command "fuzz").</summary>
public sealed class ParserFuzzTests
{
    [Fact]
    public void Mutated_messages_and_lines_never_break_the_readers()
    {
        var fuzzer = new ParserFuzzer(
            [.. GoldenFlow.All.Select(g => g.Wire)], [.. GoldenFlow.All.SelectMany(g => new[] { g.Line, g.Proc })], seed: 20260101);
        var outcome = fuzzer.Run(100_000);

        // Both outcomes occur, or the mutations are not worth their name.
        Assert.InRange(outcome.MessagesAccepted, 1_000, 49_000);
        Assert.InRange(outcome.LinesAccepted, 1_000, 49_000);
    }
}
