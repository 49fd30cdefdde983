using System.Globalization;
using System.Text;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Engine.Tests.Kernel;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Kernel;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Engine.Tests.Scanning;

/// <summary>A real table that is larger than a sample. The limit is the machine's, so nobody else may lower it meanwhile.</summary>
[Collection(KernelCollection.Name)]
public sealed class KernelCountTests : IDisposable
{
    private const int Few = 3;
    private const int Many = 100_000;

    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("conntrack-operator-test-");
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task A_class_of_which_a_sample_shows_no_more_than_a_guess_is_counted_exactly_by_the_full_scan()
    {
        NetworkNamespace.Require("conntrack");
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var space = new NetworkNamespace();
        Load(space);
        var engine = space.Run(() => new NodeEngine(new EngineOptions { StatePath = _state.FullName }, _time));
        try
        {
            _time.Advance(TimeSpan.FromMinutes(2));
            var sample = space.Run(() => Look(engine)).Composition!;
            Assert.Equal((CompositionStatus.Estimated, ScanCycle.SampleSize), (sample.Basis, (int)sample.Sampled!.Value));

            // Of three entries a sample of half the table sees none, one, two or three, and calls that 0, 2, 4 or 6.
            Assert.NotEqual(Few, Closing(sample));

            NodeStatus? status = null;
            await Eventually.UntilAsync(
                () => space.Run(() =>
                {
                    status = Look(engine);
                    return status.Composition!.Basis == CompositionStatus.Exact;
                }),
                () => _time.Advance(TimeSpan.FromSeconds(10)),
                "a full count");
            var count = status!.Composition!;
            Assert.Equal((Few, Many + Few, 0.0), (Closing(count), count.Sampled, count.ErrorBoundPercent));
            Assert.InRange(count.SampleErrorPercent!.Value, 0, sample.ErrorBoundPercent!.Value);
            Assert.Equal("10.0.0.1", status.Top!.Sources![0].Address);

            // The samples after it see the same buckets, and leave the count in force.
            _time.Advance(TimeSpan.FromMinutes(2));
            var later = space.Run(() => Look(engine)).Composition!;
            Assert.Equal((CompositionStatus.Exact, count.At, Few), (later.Basis, later.At, Closing(later)));
        }
        finally
        {
            space.Run(engine.Dispose);
        }
    }

    public void Dispose() => _state.Delete(recursive: true);

    private static long Closing(CompositionStatus composition) => composition.States!.Find(s => s.State == "CLOSE_WAIT")?.Entries ?? 0;

    private static NodeStatus Look(NodeEngine engine)
    {
        var reading = engine.Observe();
        engine.Scan(reading);
        return engine.Status(reading, null);
    }

    private static void Load(NetworkNamespace space)
    {
        var commands = new StringBuilder();
        for (var i = 0; i < Many + Few; i++)
        {
            commands.Append(
                CultureInfo.InvariantCulture,
                $"-A -p tcp -s 10.0.{i / 60_000}.1 -d 192.0.2.{i % 60_000 / 10_000} --sport {10_000 + (i % 10_000)} --dport 443 ");
            commands.Append(i < Many ? "--state ESTABLISHED" : "--state CLOSE_WAIT").Append(" -t 36000 -u ASSURED,SEEN_REPLY\n");
        }

        space.Execute("conntrack", "-R -", commands.ToString());
    }
}
