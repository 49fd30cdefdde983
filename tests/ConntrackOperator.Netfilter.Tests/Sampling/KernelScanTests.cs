using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Sampling;

[Collection(MachineCollection.Name)]
public sealed class KernelScanTests : MachineTest
{
    [Theory]
    [InlineData(FlowSource.Ctnetlink)]
    [InlineData(FlowSource.Proc)]
    public void The_first_entries_of_a_dump_stand_for_all_of_them(FlowSource source)
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        Entries.Load(space, 30_000);
        var timeouts = space.Run(() => new TimeoutWatch().Clock(assumeHeld: true));
        var scanner = new TableScanner(source);
        var all = space.Run(() => scanner.Scan(timeouts));
        var sample = space.Run(() => scanner.Sample(5000, timeouts));

        Assert.Equal((30_000L, 30_000L, true, source), (all.Sampled, all.TableEntries, all.Complete, all.Source));
        Assert.Equal((5000L, 30_000L, false, source), (sample.Sampled, sample.TableEntries, sample.Complete, sample.Source));
        Assert.Equal(100, all.States.Sum(s => s.Percent), 6);
        Assert.InRange(sample.ErrorBoundPercent, 1, 3);
        foreach (var state in all.States)
        {
            var estimate = sample.States.SingleOrDefault(s => (s.Protocol, s.State) == (state.Protocol, state.State));
            Assert.Equal(state.Percent, estimate?.Percent ?? 0, estimate?.ErrorBoundPercent ?? sample.ErrorBoundPercent);
        }

        Assert.Equal(all.AssuredPercent, sample.AssuredPercent, sample.ErrorBoundPercent);
        Assert.Equal(all.UnrepliedPercent, sample.UnrepliedPercent, sample.ErrorBoundPercent);
        Assert.Equal((443, "tcp"), (all.TopPorts[0].Port, all.TopPorts[0].Protocol));
        Assert.Equal(75, all.TopPorts[0].Percent, 0.001);
        Assert.Equal(75, sample.TopPorts[0].Percent, sample.TopPorts[0].ErrorBoundPercent);
    }

    [Fact]
    public void Idle_times_come_from_the_seconds_left()
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        Entries.Load(space, 1000);
        var breakdown = space.Run(() => new TableScanner().Scan(new TimeoutWatch().Clock(assumeHeld: true)));
        var established = breakdown.States.Single(s => s.State == "ESTABLISHED");

        // Loaded with an hour left of five days.
        Assert.Equal(TimeSpan.FromDays(5), established.Timeout);
        Assert.Equal(established.Count, established.Idle.Known);
        Assert.Equal(established.Count, established.EstimateIdleAtLeast(TimeSpan.FromDays(4)));

        // An hour left of two minutes can't be: that is no idle time.
        Assert.Null(breakdown.States.Single(s => s.State == "TIME_WAIT").IdleP50);
    }
}
