using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Netlink;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>How often somebody who looks asks the kernel and the store.</summary>
public sealed class TimeoutWatchTests : IDisposable
{
    private const string Key = SysctlNames.UdpTimeout;

    private readonly TestTree.Temporary _tree = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch + TimeSpan.FromDays(1));
    private readonly Store _store = new();
    private byte[] _answer = FakeTransport.Done();
    private int _asked;

    public TimeoutWatchTests() => Set(30);

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void A_look_lists_the_objects_every_time_and_a_glance_every_half_minute()
    {
        var watch = Watch(_store);
        watch.Glance();
        Assert.Equal(3, _asked);
        _time.Advance(TimeSpan.FromSeconds(29));
        watch.Glance();
        Assert.Equal(3, _asked);
        _time.Advance(TimeSpan.FromSeconds(1));
        watch.Glance();
        Assert.Equal(6, _asked);
        watch.Look();
        Assert.Equal(9, _asked);
        watch.Clock();
        Assert.Equal(12, _asked);
    }

    [Fact]
    public void The_first_glance_lists_the_objects_however_lately_the_machine_has_started()
    {
        var time = new FakeTimeProvider(DateTimeOffset.MinValue + TimeSpan.FromSeconds(5));
        new TimeoutWatch(new SysctlDirectory(_tree.Root), time, null, Open).Glance();
        Assert.Equal(3, _asked);
    }

    [Theory]
    [InlineData(Errno.ENOENT, true)]
    [InlineData(Errno.EINVAL, false)]
    public void Where_traffic_control_has_its_action_there_may_be_flow_tables(int refusal, bool mayBe)
    {
        var watch = new TimeoutWatch(
            new SysctlDirectory(_tree.Root), _time, null, Open, () => new FakeTransport().Answer(FakeTransport.Error(refusal)));
        Assert.Equal(mayBe, watch.Look().Current!.HasFlowTables);
    }

    [Fact]
    public void What_came_between_two_listings_may_have_come_right_after_the_first_whatever_glances_were_in_between()
    {
        var watch = Watch(_store);
        watch.Glance();
        var listed = Now();
        _time.Advance(TimeSpan.FromSeconds(29));
        watch.Glance();
        _answer = FlowTable();
        _time.Advance(TimeSpan.FromSeconds(1));
        var span = Assert.Single(watch.Glance().Spans, s => s.Key == TimeoutHistory.FlowTable);
        Assert.Equal((listed, Now(), true), (span.From, span.Until, span.IsOpen));
    }

    [Fact]
    public void A_glance_tells_the_store_of_changes_at_once_and_else_every_two_minutes()
    {
        var watch = Watch(_store);
        watch.Glance();
        Assert.Equal(1, _store.Kept);
        _time.Advance(TimeSpan.FromSeconds(119));
        watch.Glance();
        Assert.Equal(1, _store.Kept);
        _time.Advance(TimeSpan.FromSeconds(1));
        watch.Glance();
        Assert.Equal(2, _store.Kept);
        Set(60);
        _time.Advance(TimeSpan.FromSeconds(1));
        watch.Glance();
        Assert.Equal(3, _store.Kept);
        watch.Look();
        Assert.Equal(4, _store.Kept);
    }

    [Fact]
    public void What_the_store_knows_is_known_and_what_was_found_now_is_the_current()
    {
        _store.Earlier = TimeoutHistory.Begin(
            new ConfiguredTimeouts { At = Now() - TimeSpan.FromMinutes(10), Sysctls = new Dictionary<string, long> { [Key] = 20 } });
        var watch = Watch(_store);
        Assert.Null(watch.WatchedFor);
        var history = watch.Look();
        Assert.Equal((TimeSpan.FromMinutes(10), 30L), (watch.WatchedFor, history.Current!.Sysctls[Key]));
        Assert.Contains(history.Spans, s => s is { Seconds: 20, IsOpen: false });
        Assert.Contains(history.Spans, s => s is { Seconds: 30, IsOpen: true });
    }

    [Fact]
    public void Without_a_store_it_knows_what_was_since_its_first_look()
    {
        var watch = Watch(null);
        watch.Look();
        _time.Advance(TimeSpan.FromMinutes(5));
        watch.Glance();
        Assert.Equal(TimeSpan.FromMinutes(5), watch.WatchedFor);
        var clock = watch.Clock(assumeHeld: true);
        Assert.Equal((true, TimeSpan.FromMinutes(5)), (clock.AssumesHeld, clock.WatchedFor));
        Assert.False(watch.Clock().AssumesHeld);
    }

    [Fact]
    public void What_was_always_so_has_been_watched_for_no_time()
    {
        _store.Earlier = Held.Always(
            new ConfiguredTimeouts { At = Now() - TimeSpan.FromMinutes(1), Sysctls = new Dictionary<string, long> { [Key] = 30 } });
        var watch = Watch(_store);
        Assert.Null(new IdleClock(watch.Look(), _time).WatchedFor);
        Assert.Null(watch.WatchedFor);
    }

    [Fact]
    public void Entries_that_are_loaded_are_idle_since_then_at_most_whatever_is_assumed_and_that_is_kept_before_they_are_there()
    {
        var watch = Watch(_store);
        watch.Look();
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(7, watch.Loading(() =>
        {
            // For one who is killed here.
            Assert.Equal(Now() + TimeSpan.FromMinutes(1), _store.Last!.ForgottenUntil);
            _time.Advance(TimeSpan.FromMinutes(3));
            return 7;
        }));
        Assert.Equal(Now(), _store.Last!.ForgottenUntil);
        Assert.Throws<InvalidDataException>(() => watch.Loading<int>(() =>
        {
            _time.Advance(TimeSpan.FromMinutes(2));
            throw new InvalidDataException();
        }));
        Assert.Equal(Now(), _store.Last.ForgottenUntil);

        // And one who knew nothing of it learns it with his next look, whoever began first.
        Assert.Equal(Now(), _store.Last.Join(TimeoutHistory.Begin(Found(Now() - TimeSpan.FromHours(1)))).ForgottenUntil);
        Assert.Equal(Now(), TimeoutHistory.Begin(Found(Now())).Join(_store.Last).ForgottenUntil);
        Assert.False(_store.Last.SaysTheSameAs(_store.Last with { ForgottenUntil = null }));

        static ConfiguredTimeouts Found(TimeSpan at) => new() { At = at, Sysctls = new Dictionary<string, long> { [Key] = 30 } };
    }

    private TimeSpan Now() => _time.GetElapsedTime(0, _time.GetTimestamp());

    private void Set(int seconds) => _tree.File(Key, $"{seconds}\n");

    private TimeoutWatch Watch(ITimeoutStore? store) => new(new SysctlDirectory(_tree.Root), _time, store, Open);

    private FakeTransport Open()
    {
        _asked++;
        return new FakeTransport().Answer(_answer);
    }

    private static byte[] FlowTable() =>
    [
        .. FakeTransport.Message(
            (Cttimeout.NFNL_SUBSYS_NFTABLES << 8) | Cttimeout.NFT_MSG_NEWFLOWTABLE, [2, 0, 0, 0], flags: Nl.NLM_F_MULTI),
        .. FakeTransport.Done(),
    ];

    private sealed class Store : ITimeoutStore
    {
        internal int Kept { get; private set; }

        internal TimeoutHistory? Earlier { get; set; }

        internal TimeoutHistory? Last { get; private set; }

        public TimeoutHistory Keep(TimeoutHistory seen)
        {
            Kept++;
            return Last = Earlier is null ? seen : Earlier.Join(seen);
        }
    }
}
