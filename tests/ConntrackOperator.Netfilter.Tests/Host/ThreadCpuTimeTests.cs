using ConntrackOperator.Netfilter.Host;

namespace ConntrackOperator.Netfilter.Tests.Host;

public sealed class ThreadCpuTimeTests
{
    [Fact]
    public void A_thread_that_works_costs_what_it_works_and_one_that_waits_next_to_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux only.");
        using var end = new ManualResetEventSlim();
        TimeSpan idle = default, busy = default;
        var waits = new Thread(() =>
        {
            end.Wait();
            idle = ThreadCpuTime.Now();
        });
        var works = new Thread(() =>
        {
            // By its own clock, so that a busy machine makes it slower and no cheaper.
            while (ThreadCpuTime.Now() < TimeSpan.FromMilliseconds(200))
            {
                Thread.SpinWait(1000);
            }

            busy = ThreadCpuTime.Now();
            end.Set();
        });
        waits.Start();
        works.Start();
        works.Join();
        waits.Join();
        Assert.InRange(busy.TotalMilliseconds, 200, 400);
        Assert.InRange(idle.TotalMilliseconds, 0, 100);
    }
}
