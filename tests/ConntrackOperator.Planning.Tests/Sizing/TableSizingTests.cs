using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Sizing;
using CsCheck;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Sizing;

public class TableSizingTests
{
    private static readonly Gen<long> _memory = Gen.Long[1L << 20, 1L << 46];
    private static readonly Gen<int> _bytes = Gen.OneOf(TableSizing.BytesPerBareEntry, TableSizing.BytesPerEntry);

    [Fact]
    public void Buckets_are_rounded_up_to_the_next_multiple_of_512() => Gen.Long[0, 1L << 40].Sample(buckets =>
    {
        var rounded = TableSizing.RoundBuckets(buckets);
        Assert.Equal(0, rounded % 512);
        Assert.InRange(rounded - buckets, 0, 511);
    });

    [Fact]
    public void A_table_sized_by_memory_fits_and_a_larger_one_does_not() => Gen.Select(_memory, _bytes).Sample((budget, bytes) =>
    {
        var entries = TableSizing.EntriesWithin(budget, bytes);
        Assert.True(TableSizing.MemoryBytes(entries, TableSizing.RoundBuckets(entries), bytes) <= budget);
        var more = entries + TableSizing.BucketStep;
        Assert.True(TableSizing.MemoryBytes(more, TableSizing.RoundBuckets(more), bytes) > budget);
    });

    [Fact]
    public void Given_buckets_come_out_of_the_same_memory() =>
        Gen.Select(_memory, _bytes, Gen.Long[2, 1 << 18].Select(b => b * 512)).Sample((budget, bytes, buckets) =>
    {
        var entries = TableSizing.EntriesWithin(budget, bytes, buckets);
        Assert.True(entries == 0 || TableSizing.MemoryBytes(entries, buckets, bytes) <= budget);
        Assert.True(TableSizing.MemoryBytes(entries + 1, buckets, bytes) > budget);
    });

    [Fact]
    public void Auto_stays_within_its_bounds() =>
        Gen.Select(Generators.Auto, Gen.Int[1, 1024], _memory, _bytes).Sample((auto, cores, memory, bytes) =>
        Assert.InRange(
            TableSizing.Auto(auto, cores, memory, bytes).Entries,
            auto.MinEntries ?? TableSpec.MinimumEntries,
            auto.MaxEntries ?? TableSpec.MaximumEntries));

    [Fact]
    public void Auto_never_shrinks_with_more_memory_or_cores() =>
        Gen.Select(Generators.Auto, Gen.Int[1, 512], Gen.Int[0, 512], _memory, _memory, _bytes)
            .Sample((auto, cores, moreCores, memory, moreMemory, bytes) =>
            Assert.True(TableSizing.Auto(auto, cores, memory, bytes).Entries
                <= TableSizing.Auto(auto, cores + moreCores, memory + moreMemory, bytes).Entries));

    [Fact]
    public void Auto_never_grows_with_larger_entries() =>
        Gen.Select(Generators.Auto, Gen.Int[1, 512], _memory).Sample((auto, cores, memory) =>
        Assert.True(TableSizing.Auto(auto, cores, memory, TableSizing.BytesPerEntry).Entries
            <= TableSizing.Auto(auto, cores, memory, TableSizing.BytesPerBareEntry).Entries));

    [Fact]
    public void Auto_says_how_it_came_to_its_number()
    {
        var size = TableSizing.Auto(
            new() { MemoryPercent = 2, EntriesPerCore = 32768, MaxEntries = 1000000 }, 4, 16L << 30, TableSizing.BytesPerBareEntry);
        Assert.Equal(1000000, size.Entries);
        Assert.Equal(
            "memoryPercent 2 of 16Gi gives 1301504, entriesPerCore 32768 x 4 gives 131072; the larger; lowered to maxEntries 1000000",
            size.Rule);
    }

    [Fact]
    public void A_share_does_not_overflow() => Assert.Equal(long.MaxValue / 2, TableSizing.Share(long.MaxValue, 50));
}
