using ConntrackOperator.Kubernetes.WorkQueues;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Kubernetes.Tests.WorkQueues;

public sealed class RefusedWritesTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly RefusedWrites _refused;

    public RefusedWritesTests() => _refused = new(_time);

    [Fact]
    public void Waits_double_up_to_five_minutes_and_end()
    {
        var waits = new List<double>();
        for (var i = 0; i < 10; i++)
        {
            var wait = _refused.Refused("p", 1, "no");
            waits.Add(wait.TotalSeconds);
            _time.Advance(wait - TimeSpan.FromMilliseconds(1));
            Assert.Equal((TimeSpan.FromMilliseconds(1), "no"), _refused.Waits("p", 1));
            _time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Null(_refused.Waits("p", 1));
        }

        Assert.Equal([2, 4, 8, 16, 32, 64, 128, 256, 300, 300], waits);
    }

    [Fact]
    public void New_generation_may_be_tried_at_once_and_its_refusal_counts_from_the_first()
    {
        _refused.Refused("p", 1, "no");
        _refused.Refused("p", 1, "no");
        Assert.NotNull(_refused.Waits("p", 1));
        Assert.Null(_refused.Waits("p", 2));
        Assert.Null(_refused.Waits("q", 1));
        Assert.Equal(RefusedWrites.FirstWait, _refused.Refused("p", 2, "no"));
    }

    [Fact]
    public void Success_forgets_it()
    {
        _refused.Refused("p", 1, "no");
        _refused.Forget("p");
        Assert.Null(_refused.Waits("p", 1));
        Assert.Equal(RefusedWrites.FirstWait, _refused.Refused("p", 1, "no"));
    }
}
