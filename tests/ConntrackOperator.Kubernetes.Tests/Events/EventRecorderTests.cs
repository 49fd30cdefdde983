using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Events;
using ConntrackOperator.Kubernetes.Protocol;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Kubernetes.Tests.Events;

public sealed class EventRecorderTests : IAsyncDisposable
{
    private static readonly ObjectReference _node = new() { ApiVersion = "v1", Kind = "Node", Name = "node-7", Uid = "node-7" };

    private readonly FakeApiServer _server = new();
    private readonly FakeTimeProvider _time = new();
    private readonly RecordedLog _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly DateTimeOffset _begun;
    private Task _running = Task.CompletedTask;

    public EventRecorderTests() => _begun = _time.GetUtcNow();

    [Fact]
    public async Task Event_of_a_cluster_scoped_object_goes_to_the_default_namespace_with_all_that_the_api_wants()
    {
        var recorder = Start();
        recorder.Record(_node, EventType.Warning, "TableFull", "Count", "The table is full.");
        await Eventually.UntilAsync(() => _server.All(ResourceType.Event).Count == 1);
        var written = _server.All(ResourceType.Event).Single();
        Assert.Equal("default", written["metadata"]!["namespace"]!.GetValue<string>());
        Assert.StartsWith("node-7.", written["metadata"]!["name"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("Warning", written["type"]!.GetValue<string>());
        Assert.Equal("TableFull", written["reason"]!.GetValue<string>());
        Assert.Equal("Count", written["action"]!.GetValue<string>());
        Assert.Equal("The table is full.", written["note"]!.GetValue<string>());
        Assert.Equal("test/controller", written["reportingController"]!.GetValue<string>());
        Assert.Equal("pod-1", written["reportingInstance"]!.GetValue<string>());
        Assert.Equal("node-7", written["regarding"]!["uid"]!.GetValue<string>());
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", written["eventTime"]!.GetValue<string>());
        Assert.Null(written["series"]);
    }

    [Fact]
    public async Task Same_event_again_raises_a_count_instead_of_another_event()
    {
        var recorder = Start();
        for (var i = 0; i < 100; i++)
        {
            recorder.Record(_node, EventType.Warning, "PacketsDropped", "Count", $"{i} packets", noteKey: "packets");
        }

        await Eventually.UntilAsync(() => recorder.Written == 2, () => _time.Advance(TimeSpan.FromSeconds(1)));
        var written = Assert.Single(_server.All(ResourceType.Event));
        Assert.Equal(100, written["series"]!["count"]!.GetValue<int>());
        Assert.Equal(2, _server.Requests.Writes);
    }

    [Fact]
    public async Task Event_after_the_window_is_a_new_one()
    {
        var recorder = Start();
        recorder.Record(_node, EventType.Normal, "Applied", "Apply", "done");
        await Eventually.UntilAsync(() => recorder.Written == 1);
        _time.Advance(TimeSpan.FromMinutes(11));
        recorder.Record(_node, EventType.Normal, "Applied", "Apply", "done");
        await Eventually.UntilAsync(() => _server.All(ResourceType.Event).Count == 2);
    }

    [Fact]
    public async Task Object_that_causes_too_many_is_cut_short_and_others_are_not()
    {
        var recorder = Start(new() { ReportingController = "c", ReportingInstance = "i", Burst = 5 });
        for (var i = 0; i < 50; i++)
        {
            recorder.Record(_node, EventType.Warning, "SettingFailed", "Apply", $"setting {i}");
        }

        recorder.Record(_node with { Name = "node-8", Uid = "node-8" }, EventType.Normal, "Applied", "Apply", "done");
        await Eventually.UntilAsync(() => _server.All(ResourceType.Event).Count == 6);
        await Eventually.UntilAsync(() => recorder.Limited == 45);
    }

    [Fact]
    public async Task Count_of_a_series_is_a_write_like_any_other_and_waits_when_its_object_has_caused_too_many()
    {
        var recorder = Start(new()
        {
            ReportingController = "c",
            ReportingInstance = "i",
            Burst = 3,
            Refill = TimeSpan.FromMinutes(10),
            SeriesInterval = TimeSpan.FromSeconds(5),
        });
        var recorded = 0;
        // A count every 5 s for 9 minutes would be 108 writes.
        for (var i = 0; i < 108; i++)
        {
            recorder.Record(_node, EventType.Warning, "PacketsDropped", "Count", "some packets");
            recorded++;
            var done = recorder.Written + recorder.Limited;
            await Eventually.UntilAsync(() => recorder.Written + recorder.Limited > done, () => _time.Advance(TimeSpan.FromSeconds(1)));
            if (_time.GetUtcNow() - _begun > TimeSpan.FromMinutes(9))
            {
                break;
            }
        }

        Assert.True(recorded > 20, $"{recorded}");
        Assert.Equal(3, recorder.Written);
        // What was held back is in the count when there may be one more write.
        await Eventually.UntilAsync(() => recorder.Written == 4, () => _time.Advance(TimeSpan.FromSeconds(5)));
        Assert.Equal(recorded, Assert.Single(_server.All(ResourceType.Event))["series"]!["count"]!.GetValue<int>());
    }

    [Fact]
    public async Task Event_whose_object_has_expired_goes_on_in_a_new_one()
    {
        var recorder = Start();
        recorder.Record(_node, EventType.Normal, "Applied", "Apply", "done");
        await Eventually.UntilAsync(() => recorder.Written == 1);
        _server.Delete(ResourceType.Event, _server.All(ResourceType.Event)[0]["metadata"]!["name"]!.GetValue<string>(), "default");
        recorder.Record(_node, EventType.Normal, "Applied", "Apply", "done");
        await Eventually.UntilAsync(() => _server.All(ResourceType.Event).Count == 1, () => _time.Advance(TimeSpan.FromSeconds(1)));
        Assert.Equal(2, _server.All(ResourceType.Event)[0]["series"]!["count"]!.GetValue<int>());
    }

    [Fact]
    public async Task Busy_server_gets_the_event_later_and_refused_ones_are_dropped_with_a_word()
    {
        _server.Faults.Add("create", "events", 2, FaultAction.Answer(500));
        var recorder = Start();
        recorder.Record(_node, EventType.Normal, "Applied", "Apply", "done");
        await Eventually.UntilAsync(() => recorder.Written == 1, () => _time.Advance(TimeSpan.FromSeconds(1)));
        _server.Faults.Add("create", "events", 1, FaultAction.Answer(403, "Forbidden"));
        recorder.Record(_node, EventType.Normal, "Resized", "Resize", "done");
        await Eventually.UntilAsync(() => recorder.Dropped == 1);
        Assert.Single(_log.Warnings);
    }

    [Fact]
    public async Task Recording_never_waits_and_what_is_too_much_is_counted()
    {
        var recorder = Recorder(new() { ReportingController = "c", ReportingInstance = "i", QueueLimit = 10 });
        for (var i = 0; i < 25; i++)
        {
            recorder.Record(_node, EventType.Normal, "Applied", "Apply", $"{i}");
        }

        Assert.Equal(15, recorder.Dropped);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Stop_writes_what_is_still_there()
    {
        var recorder = Start();
        recorder.Record(_node, EventType.Normal, "Applied", "Apply", "done");
        recorder.Record(_node, EventType.Normal, "Applied", "Apply", "done");
        await _stop.CancelAsync();
        await _running;
        Assert.Single(_server.All(ResourceType.Event));
    }

    [Fact]
    public async Task Long_note_is_cut_at_the_servers_limit_and_not_within_a_character()
    {
        var recorder = Start();
        recorder.Record(_node, EventType.Normal, "Applied", "Apply", new string('ä', 2000));
        await Eventually.UntilAsync(() => recorder.Written == 1);
        Assert.Equal(new string('ä', 512), _server.All(ResourceType.Event)[0]["note"]!.GetValue<string>());
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _server.Dispose();
        _stop.Dispose();
    }

    private EventRecorder Recorder(EventRecorderOptions? options = null) => new(
        _server.CreateClient(null, _time),
        options ?? new() { ReportingController = "test/controller", ReportingInstance = "pod-1" },
        _log,
        _time);

    private EventRecorder Start(EventRecorderOptions? options = null)
    {
        var recorder = Recorder(options);
        _running = recorder.RunAsync(_stop.Token);
        return recorder;
    }
}
