using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>What is known of time-outs after looks of one process, and of two.</summary>
public sealed class TimeoutHistoryTests
{
    private const string Key = SysctlNames.TcpTimeoutEstablished;

    [Fact]
    public void A_change_between_two_looks_may_have_been_at_any_time_between_them()
    {
        var history = TimeoutHistory.Begin(Look(10, 600)).Add(Look(20, 600)).Add(Look(30, 700)).Add(Look(40, 700));
        Assert.Equal([Span(600, 10, 30, false), Span(700, 20, 40, true)], history.Spans.OrderBy(s => s.From));
        Assert.Equal((Seconds(10), Seconds(40), Seconds(10)), (history.Since, history.LastLook, history.KnownSince));
    }

    [Fact]
    public void A_value_that_comes_back_begins_anew()
    {
        var history = TimeoutHistory.Begin(Look(10, 600)).Add(Look(20, 700)).Add(Look(30, 600));
        Assert.Equal([Span(600, 10, 20, false), Span(600, 20, 30, true), Span(700, 10, 30, false)], Sorted(history));
    }

    [Fact]
    public void A_clock_that_seems_to_go_back_does_not_take_the_history_back()
    {
        var history = TimeoutHistory.Begin(Look(20, 600)).Add(Look(10, 600));
        Assert.Equal((Seconds(20), Span(600, 20, 20, true)), (history.LastLook, Assert.Single(history.Spans)));
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(1, 911)]
    public void Looks_further_apart_than_a_quarter_of_an_hour_leave_a_time_of_which_nothing_is_known(int more, int knownSince)
    {
        var history = TimeoutHistory.Begin(Look(10, 600)).Add(Look(910 + more, 600));
        Assert.Equal(Seconds(knownSince), history.KnownSince);
        Assert.Equal(Seconds(knownSince), history.Add(Look(1000, 600)).KnownSince);
    }

    [Fact]
    public void While_objects_can_not_be_listed_nothing_is_known()
    {
        var history = TimeoutHistory.Begin(Look(10, 600) with { ObjectsListed = false }).Add(Look(20, 600) with { ObjectsListed = false });
        Assert.Equal(Seconds(20), history.KnownSince);
        Assert.Equal(Seconds(30), history.Add(Look(30, 600)).Add(Look(40, 600)).KnownSince);
    }

    [Fact]
    public void What_two_processes_saw_is_the_same_whoever_is_asked()
    {
        var first = TimeoutHistory.Begin(Look(10, 600)).Add(Look(20, 600)).Add(Look(30, 700));
        var second = TimeoutHistory.Begin(Look(25, 600)).Add(Look(50, 800));
        foreach (var both in new[] { first.Join(second), second.Join(first) })
        {
            Assert.Equal((Seconds(10), Seconds(50), Seconds(10)), (both.Since, both.LastLook, both.KnownSince));

            // The second began at 25; the first knows nothing of 800 then, and may have looked a while before.
            Assert.Equal([Span(600, 10, 50, false), Span(700, 20, 50, false), Span(800, 10, 50, true)], Sorted(both));
        }
    }

    [Fact]
    public void What_both_still_see_is_one_and_what_the_older_saw_no_more_stays_ended()
    {
        var first = TimeoutHistory.Begin(Look(10, 500)).Add(Look(20, 600)).Add(Look(30, 600));
        var second = TimeoutHistory.Begin(Look(25, 600)).Add(Look(40, 600));
        Assert.Equal([Span(500, 10, 20, false), Span(600, 10, 40, true)], Sorted(first.Join(second)));
    }

    [Fact]
    public void A_value_that_one_saw_go_and_the_other_sees_again_is_there()
    {
        var first = TimeoutHistory.Begin(Look(10, 600)).Add(Look(20, 700)).Add(Look(21, 700));
        var second = TimeoutHistory.Begin(Look(15, 600)).Add(Look(40, 600));
        Assert.Equal([Span(600, 10, 40, true), Span(700, 10, 40, false)], Sorted(first.Join(second)));
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(1, 921)]
    public void Between_two_processes_of_which_none_looked_nothing_is_known(int more, int knownSince)
    {
        var before = TimeoutHistory.Begin(Look(10, 600)).Add(Look(20, 600));
        var after = TimeoutHistory.Begin(Look(920 + more, 600)).Add(Look(1000, 600));
        Assert.Equal(Seconds(knownSince), before.Join(after).KnownSince);
        Assert.Equal(Seconds(knownSince), after.Join(before).KnownSince);
        Assert.Equal(Seconds(10), after.Join(before).Since);
    }

    [Fact]
    public void What_a_process_finds_first_may_have_been_set_since_the_one_before_it_last_looked()
    {
        // Between 20 and 100 nobody looked: 600 may have come back at 20 already, and 700 have held until 100.
        var before = TimeoutHistory.Begin(Look(10, 600)).Add(Look(20, 700));
        var after = TimeoutHistory.Begin(Look(100, 600)).Add(Look(110, 600));
        foreach (var both in new[] { before.Join(after), after.Join(before) })
        {
            Assert.Equal([Span(600, 10, 110, true), Span(700, 10, 110, false)], Sorted(both));
        }
    }

    [Fact]
    public void Spans_of_one_value_that_do_not_meet_stay_apart()
    {
        var before = TimeoutHistory.Begin(Look(10, 600)).Add(Look(20, 700)).Add(Look(30, 700));
        var after = TimeoutHistory.Begin(Look(100, 600)).Add(Look(110, 600));
        Assert.Equal([Span(600, 10, 20, false), Span(600, 30, 110, true), Span(700, 10, 110, false)], Sorted(before.Join(after)));
    }

    [Fact]
    public void What_a_process_finds_first_while_another_looks_on_may_be_as_old_as_the_others_look_before()
    {
        // The agent looks every 100 s; 60 came and went between two of its looks, and a command saw it in the meantime.
        var agent = TimeoutHistory.Begin(Look(1000, 600)).Add(Look(1100, 600)).Add(Look(1200, 600));
        var command = TimeoutHistory.Begin(Look(1150, 60));
        foreach (var both in new[] { agent.Join(command), command.Join(agent) })
        {
            Assert.Equal([Span(60, 1000, 1200, false), Span(600, 1000, 1200, true)], Sorted(both));
        }

        // Looks are at most a quarter of an hour apart, or it is known that nobody looked.
        var long_ago = agent with { Since = Seconds(10) };
        Assert.Contains(Span(60, 1150 - 900, 1200, false), long_ago.Join(command).Spans);
    }

    [Fact]
    public void What_both_began_with_is_not_dated_back()
    {
        var kept = TimeoutHistory.Begin(Look(10, 600)).Add(Look(20, 600));
        var goneOn = kept.Add(Look(30, 700));
        Assert.Equal([Span(600, 10, 30, false), Span(700, 20, 30, true)], Sorted(kept.Join(goneOn)));
    }

    [Theory]
    [InlineData(20)]
    [InlineData(35)]
    [InlineData(40)]
    public void What_the_other_knew_at_that_time_is_dated_by_the_other(int at)
    {
        var agent = TimeoutHistory.Begin(Look(10, 500)).Add(Look(20, 500)).Add(Look(30, 600)).Add(Look(40, 700));
        var command = TimeoutHistory.Begin(Look(at, 600));
        foreach (var both in new[] { agent.Join(command), command.Join(agent) })
        {
            Assert.Equal(Seconds(20), Assert.Single(both.Spans, s => s.Seconds == 600).From);
        }
    }

    [Fact]
    public void What_the_other_knew_only_later_or_of_another_setting_is_dated_back()
    {
        var agent = TimeoutHistory.Begin(Look(1000, 600)).Add(Look(1100, 600)).Add(Look(1200, 600)).Add(Look(1300, 60));
        Assert.Equal(
            [Span(60, 1000, 1300, true), Span(600, 1000, 1300, false)], Sorted(agent.Join(TimeoutHistory.Begin(Look(1150, 60)))));

        var two = TimeoutHistory.Begin(Both(1000, 600, 60)).Add(Both(1100, 600, 60)).Add(Both(1200, 600, 60));
        Assert.Contains(Span(60, 1000, 1200, false), two.Join(TimeoutHistory.Begin(Both(1150, 60, 60))).Spans);
    }

    [Fact]
    public void What_can_not_be_read_any_more_may_have_been_changed_right_after_it_last_was()
    {
        var history = TimeoutHistory.Begin(Look(10, 600)).Add(Look(100, 600) with { ReadFrom = Seconds(60), ListedFrom = Seconds(80) })
            .Add(Look(110, 600) with { Sysctls = new Dictionary<string, long>() });
        Assert.Equal(
            [new TimeoutSpan(TimeoutHistory.Gone + Key, 0, Seconds(60), Seconds(110), true), Span(600, 10, 110, false)], Sorted(history));
    }

    [Fact]
    public void A_look_that_took_long_may_have_missed_what_was_set_while_it_went_on()
    {
        // The process was stopped between reading and noting the time: what it did not find may have been set right after it read.
        var slow = Look(100, 600) with { ReadFrom = Seconds(60), ListedFrom = Seconds(50) };
        var history = TimeoutHistory.Begin(Look(10, 600)).Add(slow);
        Assert.Equal([Span(600, 10, 110, false), Span(700, 60, 110, true)], Sorted(history.Add(Look(110, 700))));
        Assert.Equal([Span(600, 10, 110, false), Span(700, 50, 110, true)], Sorted(history.Join(TimeoutHistory.Begin(Look(110, 700)))));
    }

    [Fact]
    public void What_is_listed_less_often_than_the_rest_is_read_may_have_been_there_since_the_listing_before()
    {
        var history = TimeoutHistory.Begin(Look(10, 600))
            .Add(Look(20, 600) with { ListedFrom = Seconds(10) }).Add(Look(35, 600) with { ListedFrom = Seconds(10) });
        var listed = history.Add(Look(40, 700) with { ListedFrom = Seconds(39), Objects = [(Key, 60)], HasFlowTables = true });
        Assert.Equal([Span(60, 10, 40, true), Span(600, 10, 40, false), Span(700, 35, 40, true)], Sorted(listed).Skip(1));
        Assert.Equal(new TimeoutSpan(TimeoutHistory.FlowTable, 0, Seconds(10), Seconds(40), true), Sorted(listed)[0]);

        // An object with the value of the sysctl is an object; and the next is dated by this listing.
        Assert.Contains(
            Span(700, 10, 40, true), history.Add(Look(40, 700) with { ListedFrom = Seconds(39), Objects = [(Key, 700)] }).Spans);
        Assert.Contains(Span(90, 39, 80, true), listed.Add(Look(80, 700) with { Objects = [(Key, 90)] }).Spans);
    }

    [Fact]
    public void A_setting_that_could_never_be_read_before_may_have_been_anything_until_it_was()
    {
        var without = new ConfiguredTimeouts { At = Seconds(10), Sysctls = new Dictionary<string, long>() };
        var history = TimeoutHistory.Begin(without).Add(without with { At = Seconds(20) }).Add(Look(30, 600)).Add(Look(40, 600));
        Assert.Equal(
            [new TimeoutSpan(TimeoutHistory.Gone + Key, 0, Seconds(10), Seconds(30), false), Span(600, 20, 40, true)],
            Sorted(history));
    }

    [Fact]
    public void A_history_of_many_changes_is_bounded_and_then_knows_less_and_not_something_else()
    {
        var history = TimeoutHistory.Begin(Look(0, 1));
        for (var i = 1; i <= 2000; i++)
        {
            history = history.Add(Look(i, 1 + i));
            Assert.InRange(history.Spans.Count, 1, 512);

            // Every value that was there since what is known is still known.
            var known = (int)history.KnownSince.TotalSeconds;
            Assert.True(Enumerable.Range(known + 1, i - known).All(at => history.Spans.Any(s => s.Seconds == 1 + at)));
        }

        Assert.Equal(2001, Assert.Single(history.Spans, s => s.IsOpen).Seconds);
        Assert.InRange(history.Since, Seconds(1400), Seconds(1999));
    }

    [Fact]
    public void Of_too_many_changes_those_that_ended_first_are_forgotten_and_nothing_is_known_until_they_had()
    {
        // In an order in which they did not end.
        var ended = Enumerable.Range(2, 511).OrderBy(i => i * 7 % 512).Select(i => Span(i, i - 1, i, false));
        var full = (TimeoutHistory.Begin(Look(0, 1)) with { LastLook = Seconds(590), Spans = [Span(1, 0, 590, true), .. ended] })
            .Add(Look(600, 1));
        Assert.Equal((512, TimeSpan.Zero), (full.Spans.Count, full.KnownSince));
        var half = full.Add(Look(610, 9999));
        Assert.Equal(Seconds(258), half.KnownSince);
        Assert.Equal([1, .. Enumerable.Range(259, 254), 9999], Sorted(half).Select(s => (int)s.Seconds));

        // Entries that somebody may load for a while to come make nobody's first look one of then: such a history is not believed.
        var loaded = full.WithLoadedEntries(Seconds(700)).Add(Look(610, 9999));
        Assert.Equal((Seconds(258), Seconds(700)), (loaded.Since, loaded.ForgottenUntil));
    }

    [Fact]
    public void Values_that_are_all_still_there_are_never_forgotten()
    {
        var objects = Enumerable.Range(1, 600).Select(i => (Key, (long)i)).ToList();
        var history = TimeoutHistory.Begin(Look(0, 1) with { Objects = objects }).Add(Look(10, 1) with { Objects = objects });
        Assert.Equal((600, TimeSpan.Zero), (history.Spans.Count, history.Since));
    }

    [Fact]
    public void Two_that_differ_in_the_last_look_alone_say_the_same()
    {
        var history = TimeoutHistory.Begin(Look(10, 600)).Add(Look(20, 700));
        Assert.True(history.SaysTheSameAs(history.Add(Look(30, 700))));
        Assert.False(history.SaysTheSameAs(history.Add(Look(30, 800))));
        Assert.False(history.SaysTheSameAs(history with { Since = Seconds(9) }));
        Assert.False(history.SaysTheSameAs(TimeoutHistory.Begin(Look(10, 600)).Add(Look(19, 700))));
        Assert.False(TimeoutHistory.Begin(Look(10, 600)).SaysTheSameAs(TimeoutHistory.Begin(Look(10, 601))));
    }

    [Fact]
    public void As_if_it_had_always_held_there_is_no_beginning()
    {
        var history = Held.Always(Look(10, 600));
        Assert.Equal(
            (TimeSpan.MinValue, TimeSpan.MinValue, TimeSpan.MinValue),
            (history.Since, history.KnownSince, Assert.Single(history.Spans).From));
    }

    private static TimeoutSpan[] Sorted(TimeoutHistory history) => [.. history.Spans.OrderBy(s => s.Seconds).ThenBy(s => s.From)];

    private static TimeoutSpan Span(long value, int from, int until, bool isOpen) => new(Key, value, Seconds(from), Seconds(until), isOpen);

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private static ConfiguredTimeouts Both(int at, long established, long udp) => Look(at, established) with
    {
        Sysctls = new Dictionary<string, long> { [Key] = established, [SysctlNames.UdpTimeout] = udp },
    };

    private static ConfiguredTimeouts Look(int at, long established) =>
        new() { At = Seconds(at), Sysctls = new Dictionary<string, long> { [Key] = established } };
}
