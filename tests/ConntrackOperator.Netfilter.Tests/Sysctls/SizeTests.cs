using ConntrackOperator.Netfilter.Sysctls;
using CsCheck;

namespace ConntrackOperator.Netfilter.Tests.Sysctls;

public sealed class SizeTests
{
    [Theory]
    [InlineData(0, 4096, 0)]
    [InlineData(1, 4096, 512)]
    [InlineData(512, 4096, 512)]
    [InlineData(513, 4096, 1024)]
    [InlineData(1048576, 4096, 1048576)]
    [InlineData(1, 65536, 8192)]
    public void Buckets_fill_whole_pages(long asked, int page, long held) => Assert.Equal(held, Buckets.Round(asked, page));

    [Fact]
    public void Rounded_buckets_are_the_least_multiple_that_is_enough() =>
        Gen.Long[0, 1L << 40].Sample(n =>
        {
            var rounded = Buckets.Round(n, 4096);
            return rounded % 512 == 0 && rounded >= n && rounded - n < 512 && Buckets.Round(rounded, 4096) == rounded;
        });

    [Theory]
    [InlineData(1_000_000, 1_048_576, false, null, 328_388_608)]
    [InlineData(1_000_000, 1_048_576, true, null, 392_388_608)]
    [InlineData(1000, 0, false, 320, 384_000)]
    [InlineData(long.MaxValue, long.MaxValue, true, null, long.MaxValue)]
    public void A_table_costs_what_its_entries_and_buckets_cost(long entries, long buckets, bool extended, int? slot, long bytes) =>
        Assert.Equal(bytes, MemoryEstimate.Bytes(entries, buckets, extended, slot));

    [Theory]
    [InlineData("linux-6.18", 256)]
    [InlineData("linux-4.4", 341)]
    [InlineData("absent", null)]
    public void The_slot_size_comes_from_slabinfo(string kernel, int? bytes) =>
        Assert.Equal(bytes, SlabInfo.ReadSlotBytes(TestTree.Path(kernel, "proc")));
}
