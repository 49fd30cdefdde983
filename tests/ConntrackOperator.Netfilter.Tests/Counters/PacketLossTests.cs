using ConntrackOperator.Netfilter.Counters;
using CsCheck;

namespace ConntrackOperator.Netfilter.Tests.Counters;

/// <summary>Lost for want of room, in a race, or otherwise: what the kernel has in one counter.</summary>
public sealed class PacketLossTests
{
    private readonly CounterAccumulator _totals = new();

    [Fact]
    public void A_packet_that_lost_a_race_is_no_drop_of_a_full_table()
    {
        _totals.Add([Row(0, drop: 678, failed: 678)]);
        _totals.Add([Row(0, drop: 700, failed: 700)]);
        Assert.Equal((700, 0, 0), (_totals.RacesLost, _totals.TableFullDrops, _totals.OtherDrops));
    }

    [Fact]
    public void Drops_of_a_full_table_and_races_are_told_apart_in_one_reading()
    {
        _totals.Add([Row(0), Row(1)]);
        _totals.Add([Row(0, drop: 30, failed: 10), Row(1, drop: 7, failed: 7)]);
        Assert.Equal((17, 20, 0), (_totals.RacesLost, _totals.TableFullDrops, _totals.OtherDrops));
    }

    [Fact]
    public void A_chain_too_long_is_neither()
    {
        _totals.Add([Row(0)]);
        _totals.Add([Row(0, drop: 5, failed: 40, chain: 38)]);
        Assert.Equal((2, 3, 0), (_totals.RacesLost, _totals.TableFullDrops, _totals.OtherDrops));
    }

    [Fact]
    public void Chains_that_a_program_met_hide_no_race()
    {
        // What ctnetlink inserts counts a chain too long without insert_failed.
        _totals.Add([Row(0)]);
        _totals.Add([Row(0, chain: 50)]);
        _totals.Add([Row(0, drop: 9, failed: 9, chain: 50)]);
        Assert.Equal((9, 0), (_totals.RacesLost, _totals.TableFullDrops));
    }

    [Fact]
    public void Races_that_an_old_kernel_counts_although_they_were_resolved_are_not_lost()
    {
        _totals.Add([Row(0)]);
        _totals.Add([Row(0, drop: 2, failed: 100)]);
        Assert.Equal((2, 0), (_totals.RacesLost, _totals.TableFullDrops));
    }

    [Fact]
    public void A_table_far_from_its_limit_loses_nothing_for_want_of_room()
    {
        _totals.Add([Row(0)], mayHaveBeenFull: false);
        _totals.Add([Row(0, drop: 12, failed: 2)], mayHaveBeenFull: false);
        Assert.Equal((2, 0, 10), (_totals.RacesLost, _totals.TableFullDrops, _totals.OtherDrops));
    }

    [Fact]
    public void One_that_evicted_entries_was_at_its_limit_whatever_it_holds_now()
    {
        _totals.Add([Row(0)], mayHaveBeenFull: false);
        _totals.Add([Row(0, drop: 12, evicted: 1)], mayHaveBeenFull: false);
        Assert.Equal((12, 0), (_totals.TableFullDrops, _totals.OtherDrops));
    }

    [Fact]
    public void A_race_that_was_read_half_counted_is_a_race_at_the_next_reading()
    {
        _totals.Add([Row(0)]);
        _totals.Add([Row(0, drop: 6, failed: 5)]);
        Assert.Equal((5, 0), (_totals.RacesLost, _totals.TableFullDrops));
        _totals.Add([Row(0, drop: 6, failed: 6)]);
        Assert.Equal((6, 0), (_totals.RacesLost, _totals.TableFullDrops));
    }

    [Fact]
    public void What_looked_like_half_a_race_and_was_none_is_a_drop_at_the_next_reading()
    {
        _totals.Add([Row(0)]);
        _totals.Add([Row(0, drop: 6, failed: 5)]);
        _totals.Add([Row(0, drop: 6, failed: 5)]);
        Assert.Equal((5, 1), (_totals.RacesLost, _totals.TableFullDrops));
    }

    [Fact]
    public void Whatever_happens_on_the_cpus_each_lost_packet_is_told_as_what_it_was() =>
        Gen.Select(Gen.UInt, Gen.Select(Gen.Int[0, 1], Gen.Int[0, 3]).Array[0, 40].Array[1, 12]).Sample((start, readings) =>
        {
            var totals = new CounterAccumulator();
            CounterRow[] rows = [Row(0, start, start), Row(1, start, start)];
            totals.Add(rows);
            var (before, full, races) = (totals.RacesLost, 0L, 0L);
            foreach (var events in readings)
            {
                foreach (var (cpu, what) in events)
                {
                    // What the kernel counts for each: a full table, a lost race, a chain too long, a race resolved.
                    (uint Drop, uint Failed, uint Chain) =
                        what switch { 0 => (1u, 0u, 0u), 1 => (1u, 1u, 0u), 2 => (0u, 1u, 1u), _ => (0u, 0u, 0u) };
                    unchecked
                    {
                        rows[cpu][CounterField.Drop] += Drop;
                        rows[cpu][CounterField.InsertFailed] += Failed;
                        rows[cpu][CounterField.ChainTooLong] += Chain;
                    }

                    full += what == 0 ? 1 : 0;
                    races += what == 1 ? 1 : 0;
                }

                totals.Add(rows);
            }

            totals.Add(rows);
            return totals.TableFullDrops == full && totals.RacesLost - before == races && totals.OtherDrops == 0;
        });

    [Theory]
    [InlineData(10L, 0L, false)]
    [InlineData(null, 0L, false)]
    [InlineData(49L, 100L, false)]
    [InlineData(50L, 100L, true)]
    [InlineData(130L, 100L, true)]
    [InlineData(null, 100L, true)]
    [InlineData(10L, null, true)]
    public void Table_may_have_been_full_from_half_its_limit_on_and_never_without_a_limit(long? entries, long? limit, bool expected) =>
        Assert.Equal(expected, new TableFill(entries, limit).MayBeFull);

    private static CounterRow Row(int cpu, uint drop = 0, uint failed = 0, uint chain = 0, uint evicted = 0) => new()
    {
        Cpu = cpu,
        [CounterField.Drop] = drop,
        [CounterField.InsertFailed] = failed,
        [CounterField.ChainTooLong] = chain,
        [CounterField.EarlyDrop] = evicted,
    };
}
