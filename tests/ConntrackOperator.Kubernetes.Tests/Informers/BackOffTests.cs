using ConntrackOperator.Kubernetes.Informers;
using CsCheck;

namespace ConntrackOperator.Kubernetes.Tests.Informers;

public sealed class BackOffTests
{
    private static readonly TimeSpan _min = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _max = TimeSpan.FromSeconds(30);

    [Fact]
    public void Waits_grow_up_to_the_maximum_and_vary_by_half() => Gen.Int.Sample(seed =>
    {
        var backOff = new BackOff(_min, _max, new Random(seed));
        foreach (var full in new[] { 1, 2, 4, 8, 16, 30, 30, 30 })
        {
            Assert.InRange(backOff.Next().TotalSeconds, full, full * 1.5);
        }
    });

    [Fact]
    public void Server_that_asks_for_more_gets_it() =>
        Assert.InRange(new BackOff(_min, _max, new Random(1)).Next(TimeSpan.FromSeconds(60)).TotalSeconds, 60, 60.5);

    [Fact]
    public void Success_starts_it_anew()
    {
        var backOff = new BackOff(_min, _max, new Random(1));
        backOff.Next();
        backOff.Next();
        backOff.Reset();
        Assert.InRange(backOff.Next().TotalSeconds, 1, 1.5);
    }
}
