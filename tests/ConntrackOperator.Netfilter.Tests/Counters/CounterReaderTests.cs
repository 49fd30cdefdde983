using System.Globalization;
using ConntrackOperator.Netfilter.Counters;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Counters;

public sealed class CounterReaderTests
{
    [Fact]
    public void New_kernels_columns_are_read_by_name()
    {
        var time = new FakeTimeProvider(DateTimeOffset.Parse("2026-01-02T03:04:05Z", CultureInfo.InvariantCulture));
        using var reader = new CounterReader(TestTree.Path("linux-6.18", "proc"), time);
        Assert.True(reader.TryRead(out var counters));
        Assert.Equal(
            new ConntrackCounters
            {
                Drop = 101,
                TableFullDrops = 101 - (5 - 3),
                RacesLost = 5 - 3,
                OtherDrops = 0,
                EarlyDrop = 7,
                InsertFailed = 5,
                ClashResolve = 4,
                ChainTooLong = 3,
                Invalid = 17,
                SearchRestart = 2,
                Found = 27,
                Insert = 0,
                Delete = 0,
                Ignore = 0,
                Error = 8,
                At = time.GetUtcNow(),
                Source = CounterSource.Proc,
            },
            counters);
        Assert.Same(counters, reader.Baseline);
    }

    [Fact]
    public void Old_kernels_columns_are_read_by_name_and_searched_is_no_clash()
    {
        using var reader = new CounterReader(TestTree.Path("linux-4.4", "proc"));
        Assert.True(reader.TryRead(out var counters));
        Assert.Equal(
            (9L, 2L, 5L, 0L, 0L), (counters.Drop, counters.EarlyDrop, counters.InsertFailed, counters.ClashResolve, counters.ChainTooLong));
        Assert.Equal((0xb86L, 0xdacL, 0xb8eL, 11L), (counters.Delete, counters.Ignore, counters.Insert, counters.SearchRestart));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("entries found\n00000001 00000002\n")]
    [InlineData("entries drop\n")]
    [InlineData("entries drop\n00000001 zz\n")]
    [InlineData("entries drop\n00000001 1ffffffff\n")]
    public void What_is_no_counter_file_gives_no_reading(string text) =>
        Assert.False(StatFile.TryParse(System.Text.Encoding.ASCII.GetBytes(text), []));

    [Fact]
    public void Without_the_module_there_is_no_reading()
    {
        using var tree = new TestTree.Temporary();
        using var reader = new CounterReader(tree.Root);
        Assert.False(reader.TryRead(out var counters));
        Assert.Null(counters);
        Assert.Equal(CounterSource.None, reader.Source);
    }

    [Fact]
    public void The_other_place_is_read_when_the_first_is_not_there()
    {
        var first = new Place(CounterSource.Ctnetlink) { There = false };
        var second = new Place(CounterSource.Proc) { Rows = [Drops(0, 5)] };
        using var reader = new CounterReader([first, second]);
        Assert.True(reader.TryRead(out var counters));
        Assert.Equal((5L, CounterSource.Proc, CounterSource.Proc), (counters.Drop, counters.Source, reader.Source));
    }

    [Fact]
    public void A_change_of_place_does_not_count_the_same_drops_twice()
    {
        var first = new Place(CounterSource.Ctnetlink) { Rows = [Drops(0, 100), Drops(4, 50)] };
        var second = new Place(CounterSource.Proc) { Rows = [Drops(0, 100), Drops(1, 52)] };
        using var reader = new CounterReader([first, second]);
        Assert.True(reader.TryRead(out _));
        first.There = false;
        Assert.True(reader.TryRead(out var changed));
        Assert.Equal(150, changed.Drop);
        second.Rows = [Drops(0, 101), Drops(1, 53)];
        Assert.True(reader.TryRead(out var after));
        Assert.Equal(152, after.Drop);
        second.There = false;
        first.There = true;
        Assert.True(reader.TryRead(out var back));
        Assert.Equal((152L, CounterSource.Ctnetlink), (back.Drop, back.Source));
    }

    [Fact]
    public void A_file_with_fewer_lines_than_before_is_a_new_start()
    {
        var place = new Place(CounterSource.Proc) { Rows = [Drops(0, 10), Drops(1, 1000), Drops(2, 30)] };
        using var reader = new CounterReader([place]);
        Assert.True(reader.TryRead(out _));

        // The second CPU is gone and the third moved into its line.
        place.Rows = [Drops(0, 10), Drops(1, 30)];
        Assert.True(reader.TryRead(out var fewer));
        Assert.Equal(1040, fewer.Drop);
        place.Rows = [Drops(0, 11), Drops(1, 31)];
        Assert.True(reader.TryRead(out var later));
        Assert.Equal(1042, later.Drop);
    }

    [Fact]
    public void What_a_table_was_before_decides_as_well_as_what_it_is()
    {
        var place = new Place(CounterSource.Proc) { Rows = [Drops(0, 0)] };
        using var reader = new CounterReader([place]);
        var (full, empty, unlimited) = (new TableFill(100, 100), new TableFill(1, 100), new TableFill(500, 0));
        Assert.Equal((0, 0), Read(full, 0));
        Assert.Equal((4, 0), Read(empty, 4));
        Assert.Equal((4, 3), Read(empty, 7));
        Assert.Equal((6, 3), Read(full, 9));
        Assert.Equal((7, 3), Read(unlimited, 10));
        Assert.Equal((7, 5), Read(unlimited, 12));

        (long, long) Read(TableFill fill, uint drops)
        {
            place.Rows = [Drops(0, drops)];
            Assert.True(reader.TryRead(fill, out var counters));
            return (counters.TableFullDrops, counters.OtherDrops);
        }
    }

    [Fact]
    public void Counters_that_begin_again_another_place_and_another_cpu_begin_an_epoch()
    {
        var first = new Place(CounterSource.Ctnetlink) { Rows = [Drops(0, 100)] };
        var second = new Place(CounterSource.Proc) { Rows = [Drops(0, 100)] };
        using var reader = new CounterReader([first, second]);
        Assert.Equal(0, Epoch());
        first.Rows = [Drops(0, 120)];
        Assert.Equal(0, Epoch());
        first.Rows = [Drops(0, 3)];
        Assert.Equal(1, Epoch());
        first.Rows = [Drops(0, 3), Drops(1, 9000)];
        Assert.Equal(2, Epoch());
        first.Rows = [Drops(0, 3), Drops(1, 9001)];
        Assert.Equal(2, Epoch());
        first.There = false;
        Assert.Equal(3, Epoch());
        second.Rows = [Drops(0, 100), Drops(1, 500)];
        Assert.Equal(4, Epoch());

        int Epoch()
        {
            Assert.True(reader.TryRead(out var counters));
            return counters.Epoch;
        }
    }

    private static CounterRow Drops(int cpu, uint drops) => new() { Cpu = cpu, [CounterField.Drop] = drops };

    private sealed class Place(CounterSource source) : ICounterRows
    {
        internal bool There { get; set; } = true;

        internal CounterRow[] Rows { get; set; } = [];

        public CounterSource Source => source;

        public bool TryRead(List<CounterRow> rows)
        {
            rows.Clear();
            rows.AddRange(Rows);
            return There;
        }

        public void Dispose()
        {
        }
    }
}
