using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Nodes;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Controller.Tests.Nodes;

public sealed class ReportAgeTrackerTests
{
    private static readonly DateTimeOffset _longAgo = new(2001, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly FakeTimeProvider _time = new();
    private readonly ReportAgeTracker _ages;

    public ReportAgeTrackerTests() => _ages = new(_time);

    [Fact]
    public void Report_is_as_old_as_its_time_has_stood_still_whatever_that_time_is()
    {
        Assert.Equal(TimeSpan.Zero, _ages.Of("n", Node("a", _longAgo)));
        _time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(TimeSpan.FromMinutes(20), _ages.Of("n", Node("a", _longAgo)));
        // A step back is a change as well.
        Assert.Equal(TimeSpan.Zero, _ages.Of("n", Node("a", _longAgo.AddHours(-1))));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.FromMinutes(1), _ages.Of("n", Node("a", _longAgo.AddHours(-1))));
    }

    [Fact]
    public void Report_of_before_the_controller_began_is_no_news()
    {
        Assert.False(_ages.HasNews("n"));
        _ages.Of("n", Node("a", _longAgo));
        _ages.Of("n", Node("a", _longAgo));
        Assert.False(_ages.HasNews("n"));
        _ages.Of("n", Node("a", _longAgo.AddMinutes(1)));
        _ages.Of("n", Node("a", _longAgo.AddMinutes(1)));
        Assert.True(_ages.HasNews("n"));
        _ages.Of("m", null);
        Assert.False(_ages.HasNews("m"));
        _ages.Of("m", Node("b", _longAgo));
        Assert.True(_ages.HasNews("m"));
    }

    [Fact]
    public void Controllers_own_clock_that_is_set_changes_nothing()
    {
        var clock = new SetClock();
        var ages = new ReportAgeTracker(clock);
        ages.Of("n", Node("a", _longAgo));
        clock.Wall = clock.Wall.AddDays(3);
        Assert.Equal(TimeSpan.Zero, ages.Of("n", Node("a", _longAgo)));
    }

    [Fact]
    public void First_report_another_object_and_one_that_came_back_count_anew()
    {
        _ages.Of("n", Node("a", null));
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(TimeSpan.FromMinutes(3), _ages.Of("n", Node("a", null)));
        Assert.Equal(TimeSpan.Zero, _ages.Of("n", Node("a", _longAgo)));
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(TimeSpan.Zero, _ages.Of("n", Node("b", _longAgo)));
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(TimeSpan.Zero, _ages.Of("n", null));
        Assert.Equal(TimeSpan.Zero, _ages.Of("n", Node("b", _longAgo)));
    }

    private static ConntrackNode Node(string uid, DateTimeOffset? reportedAt) => new()
    {
        Metadata = new ObjectMeta { Name = "n", Uid = uid },
        Status = reportedAt is null ? null : new NodeStatus { ReportedAt = reportedAt },
    };

    /// <summary>Somebody sets the clock on the wall, and no time passes.</summary>
    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Wall { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long GetTimestamp() => 1;
    }
}
