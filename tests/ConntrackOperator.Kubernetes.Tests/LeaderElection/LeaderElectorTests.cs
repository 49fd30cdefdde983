using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.LeaderElection;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Kubernetes.Tests.LeaderElection;

public sealed class LeaderElectorTests : IAsyncDisposable
{
    private readonly FakeApiServer _server = new();
    private readonly SteppedClock _time = new();
    private readonly RecordedLog _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _ended = new();
    private readonly List<Task> _running = [];
    private int _working;
    private int _mostAtOnce;

    [Fact]
    public async Task First_candidate_creates_the_lease_and_works()
    {
        var a = Candidate("a");
        Start(a);
        await WorkingAsync(1);
        Assert.True(a.IsLeader);
        Assert.Equal("a", a.Holder);
        Assert.Equal("a", Spec["holderIdentity"]!.GetValue<string>());
        Assert.Equal(15, Spec["leaseDurationSeconds"]!.GetValue<int>());
    }

    [Fact]
    public async Task Leader_that_stops_ends_its_work_first_and_then_lets_go()
    {
        using var stop = new CancellationTokenSource();
        var finish = new TaskCompletionSource();
        var running = Candidate("a").RunAsync(async ct =>
        {
            Interlocked.Increment(ref _working);
            await Task.Delay(Timeout.InfiniteTimeSpan, ct).ContinueWith(_ => { }, TaskScheduler.Default);
            await finish.Task;
        }, stop.Token);
        await WorkingAsync(1);
        await stop.CancelAsync();
        // The work takes longer to end than a lease lasts: the lease has to be renewed meanwhile.
        var renewals = Renewals;
        await Eventually.UntilAsync(() => Renewals >= renewals + 12, Step);
        Assert.False(running.IsCompleted);
        Assert.Equal("a", Spec["holderIdentity"]!.GetValue<string>());
        finish.SetResult();
        await running;
        Assert.Equal("", Spec["holderIdentity"]!.GetValue<string>());
    }

    [Fact]
    public async Task Released_lease_is_taken_over_without_waiting_for_its_end()
    {
        using var stop = new CancellationTokenSource();
        Start(Candidate("a"), stop.Token);
        await WorkingAsync(1);
        Start(Candidate("b"));
        await stop.CancelAsync();
        var before = _time.GetUtcNow();
        await Eventually.UntilAsync(() => Spec["holderIdentity"]!.GetValue<string>() == "b" && _working == 1, Step);
        Assert.True(_time.GetUtcNow() - before < TimeSpan.FromSeconds(10));
        Assert.Equal(1, Spec["leaseTransitions"]!.GetValue<int>());
        Assert.Equal(1, _mostAtOnce);
    }

    [Fact]
    public async Task Second_candidate_waits_as_long_as_the_first_renews()
    {
        Start(Candidate("a"));
        await WorkingAsync(1);
        var b = Candidate("b");
        Start(b);
        var renewals = Renewals;
        await Eventually.UntilAsync(() => Renewals > renewals + 20, Step);
        Assert.False(b.IsLeader);
        Assert.Equal("a", Spec["holderIdentity"]!.GetValue<string>());
        Assert.Equal(1, _mostAtOnce);
    }

    [Fact]
    public async Task Lease_of_a_dead_holder_is_taken_after_its_duration_on_the_own_clock_whatever_its_times_say()
    {
        // Its clock was a year ahead.
        PutLease("dead", "2099-01-01T00:00:00.000000Z");
        Start(Candidate("b"));
        await Eventually.UntilAsync(() => Gets >= 1);
        var before = _time.GetUtcNow();
        await Eventually.UntilAsync(() => _working == 1, () => _time.Advance(TimeSpan.FromMilliseconds(200)));
        Assert.InRange((_time.GetUtcNow() - before).TotalSeconds, 14, 25);
    }

    [Fact]
    public async Task Jumps_of_the_wall_clock_neither_lose_nor_win_a_lease()
    {
        var a = Candidate("a");
        Start(a);
        await WorkingAsync(1);
        var b = Candidate("b");
        Start(b);
        foreach (var jump in new[] { TimeSpan.FromDays(1), TimeSpan.FromDays(-400), TimeSpan.FromHours(3) })
        {
            _time.Wall += jump;
            var renewals = Renewals;
            await Eventually.UntilAsync(() => Renewals > renewals + 5, Step);
            Assert.True(a.IsLeader);
            Assert.False(b.IsLeader);
        }

        Assert.Equal(1, _mostAtOnce);
    }

    [Fact]
    public async Task Failures_shorter_than_the_renew_deadline_are_got_over()
    {
        var a = Candidate("a");
        Start(a);
        await WorkingAsync(1);
        _server.Faults.Add("get", "leases", 1, FaultAction.Answer(500));
        _server.Faults.Add("get", "leases", 1, FaultAction.Answer(403, "Forbidden"));
        _server.Faults.Add("update", "leases", 1, FaultAction.Answer(409, "Conflict"));
        var renewals = Renewals;
        await Eventually.UntilAsync(() => _server.Faults.Pending == 0 && Renewals > renewals + 3, Step);
        Assert.True(a.IsLeader);
        Assert.Equal(3, _log.Warnings.Count);
        Assert.Equal(1, _working);
    }

    [Fact]
    public async Task Renewal_whose_answer_got_lost_is_recognised_as_the_own()
    {
        var a = Candidate("a");
        Start(a);
        await WorkingAsync(1);
        _server.Faults.Add("update", "leases", 1, FaultAction.CutAnswer());
        var renewals = Renewals;
        await Eventually.UntilAsync(() => _server.Faults.Pending == 0 && Renewals > renewals + 3, Step);
        Assert.True(a.IsLeader);
        Assert.Equal(0, Spec["leaseTransitions"]!.GetValue<int>());
    }

    [Fact]
    public async Task Process_started_again_under_the_same_name_waits_for_the_lease_to_end()
    {
        Start(Candidate("a"));
        await WorkingAsync(1);
        var again = Candidate("a");
        Start(again);
        var renewals = Renewals;
        await Eventually.UntilAsync(() => Renewals > renewals + 10, Step);
        Assert.False(again.IsLeader);
        Assert.Equal(1, _mostAtOnce);
    }

    [Fact]
    public async Task Leader_cut_off_from_the_server_ends_its_work_before_another_may_begin()
    {
        var a = Candidate("a");
        var running = RunAsync(a, TestContext.Current.CancellationToken);
        await WorkingAsync(1);
        var cut = _time.GetUtcNow();
        DateTimeOffset? other = null;
        _server.Authorize = request => request.User != "test-admin";
        _server.AddUser("other", "other");
        var b = new LeaderElector(
            new ServerConnection { Server = _server.BaseAddress, Token = "other" }.Connect(null, _time), "default", "lock", "b", null,
            _log, _time);
        _running.Add(b.RunAsync(async ct =>
        {
            other = _time.GetUtcNow();
            Assert.Equal(0, Volatile.Read(ref _working));
            await Task.Delay(Timeout.InfiniteTimeSpan, ct);
        }, _stop.Token));
        await Eventually.UntilAsync(() => Gets >= 1);
        await Eventually.UntilAsync(() => other is not null, Step);
        var lost = await Assert.ThrowsAsync<LeaseLostException>(() => running);
        Assert.Contains("no renewal succeeded for 10 s", lost.Message, StringComparison.Ordinal);
        Assert.False(a.IsLeader);
        Assert.Equal("a", Assert.Single(_ended));
        Assert.True(other - cut >= TimeSpan.FromSeconds(13));
    }

    [Fact]
    public async Task Server_that_does_not_answer_costs_an_attempt_no_more_than_its_limit()
    {
        var running = RunAsync(Candidate("a"), TestContext.Current.CancellationToken);
        await WorkingAsync(1);
        _server.Faults.Add("get", "leases", int.MaxValue, FaultAction.Hang());
        var before = _time.GetUtcNow();
        await Eventually.UntilAsync(() => running.IsCompleted, Step);
        await Assert.ThrowsAsync<LeaseLostException>(() => running);
        Assert.InRange((_time.GetUtcNow() - before).TotalSeconds, 8, 14);
        Assert.Single(_ended);
    }

    [Fact]
    public async Task Leader_stops_saying_that_it_leads_when_its_lease_has_expired_even_if_nothing_else_moves()
    {
        var a = Candidate("a");
        Start(a);
        await WorkingAsync(1);
        _time.Frozen = true;
        _time.Advance(TimeSpan.FromSeconds(14));
        Assert.True(a.IsLeader);
        _time.Advance(TimeSpan.FromSeconds(1.1));
        Assert.False(a.IsLeader);
        _time.Frozen = false;
    }

    [Fact]
    public async Task Work_that_ignores_its_cancellation_ends_the_process_when_the_lease_expires()
    {
        string? ended = null;
        var finish = new TaskCompletionSource();
        var a = Candidate("a", new() { EndProcess = message => ended = message });
        var running = a.RunAsync(_ =>
        {
            Interlocked.Increment(ref _working);
            return finish.Task;
        }, TestContext.Current.CancellationToken);
        await WorkingAsync(1);
        _server.Stop();
        await Eventually.UntilAsync(() => ended is not null, Step);
        Assert.False(a.IsLeader);
        Assert.False(running.IsCompleted);
        finish.SetResult();
        await Assert.ThrowsAsync<LeaseLostException>(() => running);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Leadership_counts_from_before_the_request_however_long_its_answer_takes(bool isThere)
    {
        if (isThere)
        {
            PutLease("", "2020-01-01T00:00:00.000000Z");
        }

        var clock = new FakeTimeProvider();
        using var http = new HttpClient(new SlowWrites(() => clock.Advance(TimeSpan.FromSeconds(3))));
        http.DefaultRequestHeaders.Authorization = new("Bearer", _server.Token);
        var claim = new LeaseLock(new ApiClient(http, _server.BaseAddress), "default", "lock", "a", new(), _log, clock);
        foreach (var what in new[] { "the lease is taken", "the lease is renewed" })
        {
            Assert.True(await claim.TryTakeAsync(TestContext.Current.CancellationToken), what);
            Assert.Equal(TimeSpan.FromSeconds(3), claim.SinceRenewal);
            clock.Advance(TimeSpan.FromSeconds(11.9));
            Assert.True(claim.IsValid, what);
            clock.Advance(TimeSpan.FromSeconds(0.2));
            Assert.False(claim.IsValid, what);
        }
    }

    [Fact]
    public async Task Renewing_that_breaks_by_what_nobody_expected_ends_the_work_all_the_same()
    {
        var a = new LeaderElector(_server.CreateClient(null, _time), "default", "lock", "a", null, new BrokenLog(), _time);
        var running = RunAsync(a, TestContext.Current.CancellationToken);
        await WorkingAsync(1);
        _server.Faults.Add("get", "leases", 1, FaultAction.Answer(500));
        await Eventually.UntilAsync(() => running.IsCompleted, Step);
        Assert.Contains(
            "renewing it failed: InvalidOperationException: no log", (await Assert.ThrowsAsync<LeaseLostException>(() => running)).Message,
            StringComparison.Ordinal);
        Assert.Equal(0, _working);
        Assert.False(a.IsLeader);
    }

    [Fact]
    public async Task Candidate_knows_since_when_the_server_has_not_answered_it()
    {
        Start(Candidate("a"));
        await WorkingAsync(1);
        var b = Candidate("b");
        Assert.Null(b.SinceAnswer);
        Start(b);
        var renewals = Renewals;
        await Eventually.UntilAsync(() => Renewals > renewals + 5 && b.SinceAnswer < TimeSpan.FromSeconds(5), Step);
        Assert.Null(b.LastFailure);
        _server.Authorize = request => request.Verb != "get";
        await Eventually.UntilAsync(() => b.SinceAnswer > TimeSpan.FromSeconds(5), Step);
        Assert.Contains("403", b.LastFailure, StringComparison.Ordinal);
        _server.Authorize = null;
        await Eventually.UntilAsync(() => b.SinceAnswer < TimeSpan.FromSeconds(5), Step);
    }

    [Fact]
    public async Task Lease_that_somebody_took_by_force_is_lost_at_the_next_renewal()
    {
        var running = RunAsync(Candidate("a"), TestContext.Current.CancellationToken);
        await WorkingAsync(1);
        _server.Merge(ResourceType.Lease, "lock", """{"spec":{"holderIdentity":"kubectl"}}""", "default");
        await Eventually.UntilAsync(() => running.IsCompleted, Step);
        var lost = await Assert.ThrowsAsync<LeaseLostException>(() => running);
        Assert.Contains("kubectl holds it now", lost.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deleted_lease_is_lost()
    {
        var running = RunAsync(Candidate("a"), TestContext.Current.CancellationToken);
        await WorkingAsync(1);
        _server.Delete(ResourceType.Lease, "lock", "default");
        await Eventually.UntilAsync(() => running.IsCompleted, Step);
        Assert.Contains("deleted", (await Assert.ThrowsAsync<LeaseLostException>(() => running)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Work_that_fails_releases_the_lease_and_its_exception_comes_out()
    {
        var running = Candidate("a").RunAsync(_ => throw new InvalidDataException("broken"), TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<InvalidDataException>(() => running);
        Assert.Equal("", Spec["holderIdentity"]!.GetValue<string>());
    }

    [Fact]
    public async Task Of_two_candidates_that_start_at_once_one_works()
    {
        Start(Candidate("a"));
        Start(Candidate("b"));
        await WorkingAsync(1);
        var renewals = Renewals;
        await Eventually.UntilAsync(() => Renewals > renewals + 10, Step);
        Assert.Equal(1, _mostAtOnce);
    }

    [Fact]
    public void Times_that_contradict_each_other_are_refused() => Assert.Throws<ArgumentOutOfRangeException>(
        () => Candidate("a", new() { Duration = TimeSpan.FromSeconds(10), RenewDeadline = TimeSpan.FromSeconds(10) }));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        var all = Task.WhenAll(_running);
        await Eventually.UntilAsync(() => all.IsCompleted, Step, "the end of all candidates");
        _server.Dispose();
        _stop.Dispose();
    }

    private JsonNode Spec => _server.Get(ResourceType.Lease, "lock", "default")!["spec"]!;

    private int Renewals => _server.Requests.Count("update", "leases");

    private int Gets => _server.Requests.Count("get", "leases");

    private LeaderElector Candidate(string identity, LeaderElectionOptions? options = null) =>
        new(_server.CreateClient(null, _time), "default", "lock", identity, options, _log, _time);

    private void Start(LeaderElector lease, CancellationToken? ct = null) => _running.Add(RunAsync(lease, ct ?? _stop.Token));

    private Task RunAsync(LeaderElector lease, CancellationToken ct) => lease.RunAsync(async stop =>
    {
        var now = Interlocked.Increment(ref _working);
        _mostAtOnce = Math.Max(_mostAtOnce, now);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, stop);
        }
        finally
        {
            Interlocked.Decrement(ref _working);
            _ended.Enqueue(lease.Holder ?? "");
        }
    }, ct);

    private void Step() => _time.Advance(TimeSpan.FromMilliseconds(100));

    private Task WorkingAsync(int count) => Eventually.UntilAsync(() => Volatile.Read(ref _working) == count, Step);

    private void PutLease(string holder, string renewed) => _server.Put(ResourceType.Lease, $$$"""
        {"metadata":{"name":"lock","namespace":"default"},
         "spec":{"holderIdentity":"{{{holder}}}","leaseDurationSeconds":15,"renewTime":"{{{renewed}}}","acquireTime":"{{{renewed}}}","leaseTransitions":4}}
        """);

    private sealed class BrokenLog : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new InvalidOperationException("no log");
    }

    /// <summary>Time passes between a write and its answer.</summary>
    private sealed class SlowWrites(Action pass) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (request.Method != HttpMethod.Get)
            {
                pass();
            }

            return answer;
        }
    }

    /// <summary>A clock whose wall time can be set apart from its monotonic time, and whose timers can be held.</summary>
    private sealed class SteppedClock : TimeProvider
    {
        private readonly FakeTimeProvider _timers = new();
        private long _frozenTicks;

        public TimeSpan Wall { get; set; }

        /// <summary>Time goes by and no timer fires: a process that gets no CPU.</summary>
        public bool Frozen { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan time)
        {
            if (Frozen)
            {
                Interlocked.Add(ref _frozenTicks, time.Ticks);
            }
            else
            {
                _timers.Advance(time);
            }
        }

        public override DateTimeOffset GetUtcNow() => _timers.GetUtcNow() + Wall;

        public override long GetTimestamp() => _timers.GetTimestamp() + Interlocked.Read(ref _frozenTicks);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            _timers.CreateTimer(callback, state, dueTime, period);
    }
}
