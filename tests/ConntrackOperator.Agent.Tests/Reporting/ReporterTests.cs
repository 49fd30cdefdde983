using ConntrackOperator.Agent.Options;
using ConntrackOperator.Agent.Reporting;
using ConntrackOperator.Agent.Telemetry;
using ConntrackOperator.Agent.Tests.Behaviour;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Kubernetes;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Agent.Tests.Reporting;

/// <summary>When the reporter writes and when it does not, on a clock that the test moves.</summary>
public sealed class ReporterTests : IAsyncLifetime
{
    private const string Node = AgentBehaviour.Node;

    private static readonly AgentOptions _options = new() { NodeName = Node };

    private readonly Clock _time = new();
    private readonly FakeApiServer _server = new([AgainstTheFakeApiServerTests.Kind]);
    private readonly CancellationTokenSource _stop = new();
    private readonly AgentMetrics _metrics = new();
    private Reporter _reporter = null!;
    private Task _running = Task.CompletedTask;
    private int _delays;

    public ValueTask InitializeAsync()
    {
        // The transport's own limits are not the subject: they run on the system's clock.
        _reporter = new Reporter(_server.CreateClient(), _options, _metrics, NullLogger.Instance, _time, new Random(1));
        _running = _reporter.RunAsync(_stop.Token);
        _server.Put(Reporter.Type, $$"""{"metadata":{"name":"{{Node}}"},"spec":{"settings":[]} }""");
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        _reporter.Dispose();
        _metrics.Dispose();
        _stop.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task Nothing_is_sent_before_there_is_an_object()
    {
        _reporter.Offer(Status(10));
        await NoneAsync();
        Adopt(null);
        _reporter.Offer(Status(10));
        await SentAsync(1);
    }

    [Fact]
    public async Task Usage_is_reported_by_bands_of_five_points_and_not_before_the_gap_is_over()
    {
        await BeginAsync(10);
        foreach (var percent in new[] { 11, 12, 13, 14, 6, 10 })
        {
            _time.Advance(TimeSpan.FromSeconds(20));
            _reporter.Offer(Status(percent));
        }

        await NoneAsync();
        _reporter.Offer(Status(15));
        await SentAsync(1);
        _reporter.Offer(Status(20));
        await NoneAsync();
        _time.Advance(TimeSpan.FromSeconds(29));
        _reporter.Offer(Status(21));
        await NoneAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        _reporter.Offer(Status(22));
        await SentAsync(1);
        Assert.Equal(22, Stored["table"]!["percent"]!.GetValue<int>());
    }

    [Fact]
    public async Task Heartbeat_comes_once_in_five_to_ten_minutes_and_nothing_in_between()
    {
        await BeginAsync(10);
        for (var hour = 0; hour < 3600; hour += 2)
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            _reporter.Offer(Status(10 + (hour % 3)));
            // What is due is sent before the clock goes on, as in a real hour.
            await Eventually.UntilAsync(() => !_reporter.IsDue);
        }

        Assert.InRange(Writes, 6, 12);
    }

    [Fact]
    public async Task Condition_or_setting_that_changes_is_sent_at_once_but_at_most_twice_a_second()
    {
        await BeginAsync(10);
        _time.Advance(TimeSpan.FromSeconds(1));
        _reporter.Offer(Status(10, "Held"));
        await SentAsync(1);
        _reporter.Offer(Status(10, "InSync"));
        await Eventually.UntilAsync(() => _time.Timers > _delays, "it waits for the gap to be over");
        await NoneAsync();
        // Nobody has to offer again for it to go.
        _time.Advance(TimeSpan.FromMilliseconds(500));
        await SentAsync(1);
    }

    [Fact]
    public async Task Refused_report_backs_off_and_goes_with_the_newest_state()
    {
        await BeginAsync(10);
        _time.Advance(TimeSpan.FromSeconds(1));
        _server.Faults.Add("patch", null, 3, FaultAction.Answer(500));
        _reporter.Offer(Status(10, "Held"));
        foreach (var attempt in new[] { 1, 2, 3 })
        {
            await SentAsync(1);
            await NoneAsync();
            _reporter.Offer(Status(10 + attempt, "Held"));
            await NoneAsync();
            // 1, 2 and 4 s, and as much again by chance.
            _time.Advance(TimeSpan.FromSeconds(1 << attempt));
        }

        await Eventually.UntilAsync(() => Stored["table"]!["percent"]!.GetValue<int>() == 13);
    }

    [Fact]
    public async Task Retry_After_is_waited_for()
    {
        await BeginAsync(10);
        _time.Advance(TimeSpan.FromSeconds(1));
        // Longer than the transport itself is willing to wait.
        _server.Faults.Add("patch", null, 1, FaultAction.Answer(429, "TooManyRequests", TimeSpan.FromSeconds(50)));
        _reporter.Offer(Status(10, "Held"));
        await SentAsync(1);
        _time.Advance(TimeSpan.FromSeconds(49));
        await NoneAsync();
        _time.Advance(TimeSpan.FromSeconds(51));
        await SentAsync(1);
    }

    [Fact]
    public async Task New_object_gets_a_report_though_nothing_changed()
    {
        await BeginAsync(10);
        _server.Delete(Reporter.Type, Node);
        _reporter.ObjectGone();
        _reporter.Offer(Status(50, "Held"));
        await NoneAsync();
        _server.Put(Reporter.Type, $$"""{"metadata":{"name":"{{Node}}"},"spec":{"settings":[]} }""");
        Adopt(null);
        _reporter.Offer(Status(10));
        await SentAsync(1);
    }

    [Fact]
    public async Task Report_does_not_count_for_an_object_that_took_the_place_of_the_one_it_was_for()
    {
        await BeginAsync(10);
        _time.Advance(TimeSpan.FromSeconds(1));
        _server.Delete(Reporter.Type, Node);
        _server.Put(Reporter.Type, $$"""{"metadata":{"name":"{{Node}}"},"spec":{"settings":[]} }""");
        // The watch has not shown it yet.
        _reporter.Offer(Status(10, "Held"));
        await SentAsync(1);
        Assert.Null(_server.Get(Reporter.Type, Node)!["status"]);
        Adopt(null);
        _reporter.Offer(Status(10, "Held"));
        await Eventually.UntilAsync(
            () => _server.Get(Reporter.Type, Node)!["status"] is not null, () => _time.Advance(TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task Start_with_what_is_stored_already_writes_nothing()
    {
        Adopt(Status(10));
        _reporter.Offer(Status(12));
        await NoneAsync();
        Assert.Equal("True", _reporter.Conditions![0].Status);
    }

    private int Writes => _server.Requests.Count("patch");

    private System.Text.Json.Nodes.JsonNode Stored => _server.Get(Reporter.Type, Node)!["status"]!;

    private void Adopt(NodeStatus? stored) =>
        _reporter.Adopt(_server.Get(Reporter.Type, Node)!["metadata"]!["uid"]!.GetValue<string>(), stored);

    private async Task BeginAsync(int percent)
    {
        Adopt(null);
        _reporter.Offer(Status(percent));
        await SentAsync(1);
    }

    /// <summary>
    /// Waits for so many more writes, no more than that, and for what the reporter makes of the last one's answer; takes them off the log.
    /// </summary>
    private async Task SentAsync(int count)
    {
        await Eventually.UntilAsync(() => Writes >= count, "the report");
        // A clock that is moved on before the delay has begun would never end it.
        await Eventually.UntilAsync(() => !_reporter.IsDue || _time.Timers > _delays, "it is taken, or its delay has begun");
        _delays = _time.Timers;
        await Task.Delay(50);
        Assert.Equal(count, Writes);
        _server.Requests.Clear();
    }

    private async Task NoneAsync()
    {
        await Task.Delay(50);
        Assert.Equal(0, Writes);
    }

    private static NodeStatus Status(int percent, string state = "InSync") => new()
    {
        ObservedGeneration = 1,
        Conditions = [
            new Condition
            {
                Type = "Applied",
                Status = state == "InSync" ? "True" : "False",
                Reason = state,
                Message = "m",
                LastTransitionTime = DateTimeOffset.UnixEpoch,
            }],
        Table = new TableStatus { Entries = percent, Limit = 100, Percent = percent },
        Settings = [new SettingStatus { Name = "x", Actual = 1, State = Enum.Parse<SettingState>(state) }],
    };

    /// <summary>Counts the delays that have begun: only the reporter has any on this clock.</summary>
    private sealed class Clock : FakeTimeProvider
    {
        private int _timers;

        public int Timers => Volatile.Read(ref _timers);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Interlocked.Increment(ref _timers);
            return timer;
        }
    }
}
