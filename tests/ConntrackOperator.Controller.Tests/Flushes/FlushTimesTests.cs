using ConntrackOperator.Controller.Flushes;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Controller.Tests.Flushes;

public sealed class FlushTimesTests
{
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(5);
    private readonly FakeTimeProvider _time = new();
    private readonly FlushTimes _times;

    public FlushTimesTests() => _times = new(_time);

    [Fact]
    public void Clock_on_the_wall_counts_once_and_within_what_can_be()
    {
        Assert.Equal(TimeSpan.FromSeconds(20), Since("a", 20));
        Assert.Equal(TimeSpan.Zero, Since("of a clock that was set back", -3600));
        Assert.Equal(_longest, Since("of a clock that was set forward", 86400));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.FromSeconds(30), Since("a", 86400));
        Assert.Equal(TimeSpan.FromSeconds(30), Since("a", -86400));
        Assert.Equal(TimeSpan.FromSeconds(10), Since("of a clock that was set back", -3600));
    }

    [Fact]
    public void Another_flush_of_the_same_name_counts_anew()
    {
        Since("a", 20);
        Assert.Equal(TimeSpan.FromSeconds(1), _times.SinceStart("a", "another", TimeSpan.FromSeconds(1), _longest));
        _times.Forget("a");
        Assert.Equal(TimeSpan.FromSeconds(2), Since("a", 2));
    }

    private TimeSpan Since(string name, int seconds) => _times.SinceStart(name, "u", TimeSpan.FromSeconds(seconds), _longest);
}
