using ConntrackOperator.Netfilter.Counters;
using CsCheck;

namespace ConntrackOperator.Netfilter.Tests.Counters;

public sealed class CounterAccumulatorTests
{
    private readonly CounterAccumulator _totals = new();

    [Fact]
    public void The_first_reading_counts_whole()
    {
        _totals.Add([Row(0, 100), Row(1, 20)]);
        Assert.Equal(120, _totals[CounterField.Drop]);
    }

    [Fact]
    public void A_wrap_of_one_cpu_is_counted_on_that_cpu()
    {
        _totals.Add([Row(0, uint.MaxValue - 9), Row(1, 5)]);
        _totals.Add([Row(0, 10), Row(1, 6)]);
        Assert.Equal((long)uint.MaxValue - 9 + 5 + 20 + 1, _totals[CounterField.Drop]);
    }

    [Fact]
    public void Counters_that_begin_again_count_from_nothing()
    {
        _totals.Add([Row(0, 1000, earlyDrop: 7)]);
        Assert.False(_totals.Add([Row(0, 3, earlyDrop: 9)]));

        // Both fields belong to the new life of the row, though one of them did not go back.
        Assert.Equal(1003, _totals[CounterField.Drop]);
        Assert.Equal(16, _totals[CounterField.EarlyDrop]);
    }

    [Fact]
    public void A_cpu_that_appears_counts_from_what_it_brings()
    {
        Assert.True(_totals.Add([Row(0, 10)]));
        Assert.False(_totals.Add([Row(0, 11), Row(7, 5000)]));
        Assert.Equal(11, _totals[CounterField.Drop]);
        Assert.True(_totals.Add([Row(0, 11), Row(7, 5002)]));
        Assert.Equal(13, _totals[CounterField.Drop]);
    }

    [Fact]
    public void A_cpu_that_vanishes_and_comes_back_loses_and_repeats_nothing()
    {
        _totals.Add([Row(0, 10), Row(1, 100)]);
        _totals.Add([Row(0, 12)]);
        Assert.Equal(112, _totals[CounterField.Drop]);
        _totals.Add([Row(0, 12), Row(1, 104)]);
        Assert.Equal(116, _totals[CounterField.Drop]);
    }

    [Fact]
    public void A_new_start_counts_nothing_by_itself()
    {
        _totals.Add([Row(0, 10)]);
        _totals.Rebase([Row(0, 500)]);
        _totals.Add([Row(0, 501)]);
        Assert.Equal(11, _totals[CounterField.Drop]);
    }

    [Fact]
    public void Totals_equal_what_happened_whatever_the_steps() =>
        Gen.Select(Gen.UInt, Gen.UInt[0, int.MaxValue].Array[0, 20]).Sample((start, steps) =>
        {
            var accumulator = new CounterAccumulator();
            accumulator.Add([Row(3, start)]);
            var raw = start;
            foreach (var step in steps)
            {
                raw = unchecked(raw + step);
                accumulator.Add([Row(3, raw)]);
            }

            return accumulator[CounterField.Drop] == start + steps.Sum(s => (long)s);
        });

    private static CounterRow Row(int cpu, uint drop, uint earlyDrop = 0) =>
        new() { Cpu = cpu, [CounterField.Drop] = drop, [CounterField.EarlyDrop] = earlyDrop };
}
