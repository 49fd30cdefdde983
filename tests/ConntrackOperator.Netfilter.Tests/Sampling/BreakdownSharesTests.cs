using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Flows;
using ConntrackOperator.Netfilter.Tests.Idle;
using ConntrackOperator.Netfilter.Tests.Netlink;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Sampling;

/// <summary>Shares of states, how sure they are, and how long entries have been idle.</summary>
public sealed class BreakdownSharesTests : IDisposable
{
    private const FlowStatus Both = FlowStatus.Confirmed | FlowStatus.SeenReply | FlowStatus.Assured;

    private readonly TestTree.Temporary _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void A_state_says_how_much_of_it_is_without_an_answer_and_assured_and_has_the_time_out_of_most_of_it()
    {
        var breakdown = Scan(
            Entries(60, Both), Entries(15, FlowStatus.Confirmed), Entries(25, FlowStatus.Confirmed | FlowStatus.SeenReply));
        var established = Assert.Single(breakdown.States);
        Assert.Equal((100L, 15.0, 60.0), (established.Count, established.UnrepliedPercent, established.AssuredPercent));
        Assert.Equal(TimeSpan.FromDays(5), established.Timeout);

        // Where most were picked up in mid-connection and have had no answer, theirs is the shorter one.
        Assert.Equal(
            TimeSpan.FromSeconds(300), Assert.Single(Scan(Entries(10, Both), Entries(90, FlowStatus.Confirmed)).States).Timeout);
    }

    [Fact]
    public void Half_and_nine_in_ten_have_been_idle_for_less_than_is_said_and_no_longer_than_is_said()
    {
        var breakdown = Scan(
            Entries(50, Both, left: 431_000), Entries(40, Both, left: 422_000), Entries(10, Both, left: 332_000));
        var state = Assert.Single(breakdown.States);
        Assert.InRange(state.IdleP50!.Value, TimeSpan.FromSeconds(900), TimeSpan.FromSeconds(1200));
        Assert.InRange(state.IdleP50AtMost!.Value, TimeSpan.FromSeconds(1000), TimeSpan.FromSeconds(1200));
        Assert.InRange(state.IdleP90!.Value, TimeSpan.FromSeconds(7200), TimeSpan.FromSeconds(10_800));
        Assert.InRange(state.IdleP90AtMost!.Value, TimeSpan.FromSeconds(10_000), TimeSpan.FromSeconds(10_800));
    }

    [Fact]
    public void While_connections_open_the_least_that_they_are_idle_is_nothing()
    {
        var state = Assert.Single(Scan(Entries(10, FlowStatus.Confirmed, left: 20, state: 1)).States);
        Assert.Equal(("SYN_SENT", TimeSpan.Zero, TimeSpan.Zero), (state.State, state.IdleP50, state.IdleP90));
    }

    [Fact]
    public void Without_a_time_out_nothing_is_said_of_idle_times()
    {
        var state = Assert.Single(Scan(Entries(10, FlowStatus.Confirmed, left: 20, state: 2)).States);
        Assert.Equal(("SYN_RECV", null, null, null), (state.State, state.IdleP50, state.IdleP50AtMost, state.Timeout));
    }

    [Fact]
    public void Of_a_sample_a_share_is_the_surer_the_further_it_is_from_a_half()
    {
        _tree.File(SysctlNames.Count, "1000000\n");
        var entries = Enumerable.Range(0, 1050).Select(i => new FlowCase
        {
            Source = i < 100 ? "10.9.9.9" : $"10.0.{i / 250}.{i % 250}",
            SourcePort = (ushort)i,
            State = (byte)(i < 50 ? 7 : 3),
        });
        var kernel = new FakeTransport();
        foreach (var datagram in entries.Select(e => FakeTransport.Entry(e.Encode())).Chunk(50))
        {
            kernel.Answer(datagram);
        }

        var breakdown = Scanner(kernel).Sample(1000, Clock());
        Assert.Equal(5.56, breakdown.ErrorBoundPercent, 0.01);
        Assert.Equal([("ESTABLISHED", 95.0), ("TIME_WAIT", 5.0)], breakdown.States.Select(s => (s.State, s.Percent)));
        Assert.All(breakdown.States, s => Assert.Equal(2.63, s.ErrorBoundPercent, 0.01));
        Assert.Equal(3.48, breakdown.TopSources[0].ErrorBoundPercent, 0.01);
    }

    // Worked out by hand: 3.2905 standard deviations of a share without replacement, and 3.2905²/3 for small ones.
    [Theory]
    [InlineData(0.5, 100, 1_000_000, 20.06)]
    [InlineData(0.5, 10_000, 1_000_000, 1.67)]
    [InlineData(0.1, 10_000, 1_000_000_000, 1.02)]
    [InlineData(0, 1000, 1_000_000, 0.36)]
    [InlineData(0.5, 100, 200, 15.28)]
    [InlineData(0.5, 1, 1_000_000, 100)]
    [InlineData(0.5, 0, 1_000_000, 100)]
    [InlineData(0.5, 100, 100, 0)]
    public void A_sample_is_off_by_so_much_at_most(double share, long sampled, long total, double points) =>
        Assert.Equal(points, SamplingError.Points(share, sampled, total), 0.01);

    [Fact]
    public void Talkers_of_a_kind_are_counted_apart_and_nothing_is_left_after_clearing()
    {
        var hitters = new HeavyHitters(new Random(1));
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0u; i < HeavyHitters.Capacity; i++)
            {
                hitters.Add(Key(i), (TalkerKind)(i % 3));
            }

            // Exactly as many as there is room for: nothing is thrown out.
            Assert.Equal((0L, HeavyHitters.Capacity), (hitters.Error, hitters.Top(int.MaxValue).Count));
            hitters.Add(Key(5), TalkerKind.Second);
            hitters.Add(Key(5), TalkerKind.First);
            Assert.Equal((Key(5), 3L), hitters.Top(1).Single());
            Assert.Equal((Key(5), 2L), hitters.Top(1, TalkerKind.Second).Single());
            hitters.Add(Key(uint.MaxValue), TalkerKind.All);
            Assert.Equal(1, hitters.Error);
            Assert.Equal((Key(5), 2L), hitters.Top(5).Single());
            hitters.Clear();
            Assert.Equal(0, hitters.Error);
            Assert.Empty(hitters.Top(5));
        }
    }

    private static TalkerKey Key(uint source) => TalkerKey.Source(new FlowTuple { SourceLow = source });

    private static IdleClock Clock() => Held.Clock(new Dictionary<string, long>
    {
        [SysctlNames.TcpTimeoutEstablished] = 432_000,
        [SysctlNames.TcpTimeoutUnacknowledged] = 300,
        [SysctlNames.TcpTimeoutSynSent] = 120,
        [SysctlNames.TcpTimeoutTimeWait] = 120,
    });

    private static byte[][] Entries(int count, FlowStatus status, uint left = 431_000, byte state = 3) =>
    [
        .. Enumerable.Range(0, count).Select(i => FakeTransport.Entry(
            new FlowCase { SourcePort = (ushort)i, Status = status, Timeout = left, State = state }.Encode())),
    ];

    private TableScanner Scanner(FakeTransport kernel) => new(
        new FlowTables(new CtnetlinkTable(() => kernel), new ProcTable(_tree.Root)), FlowSource.Automatic,
        new SysctlDirectory(_tree.Root), new FakeTimeProvider());

    private Breakdown Scan(params byte[][][] entries)
    {
        var kernel = new FakeTransport().Answer([.. entries.SelectMany(e => e), FakeTransport.Done()]);
        return Scanner(kernel).Scan(Clock());
    }
}
