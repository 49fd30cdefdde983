using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Nodes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Events;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Controller.Tests.Nodes;

/// <summary>From a report to the event in the API server.</summary>
public sealed class NamedEventsTests : IAsyncDisposable
{
    private const string Note = "100 of 100 conntrack entries in use (100%); most entries: ";

    private static readonly NodeObject _node = new() { Metadata = new ObjectMeta { Name = "node-7", Uid = "u" } };

    private readonly FakeApiServer _server = new([new(ResourceType.Pod)]);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    public NamedEventsTests() => _server.Put(ResourceType.Pod, """
        {"metadata":{"name":"cart-1","namespace":"shop"},"spec":{"nodeName":"node-7"},"status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}]} }
        """);

    [Fact]
    public async Task Event_of_a_full_table_says_whose_the_entries_are()
    {
        Start().Compare(_node, Report(50), Report(100));
        Assert.Equal(Note + "10.0.0.1 (pod shop/cart-1) 41%, 203.0.113.9 12%", await NoteAsync());
    }

    [Fact]
    public async Task Node_can_have_no_pod_of_another_node_named()
    {
        Start().Compare(new NodeObject { Metadata = new ObjectMeta { Name = "node-8", Uid = "v" } }, Report(50), Report(100));
        Assert.Equal(Note + "10.0.0.1 41%, 203.0.113.9 12%", await NoteAsync());
    }

    [Fact]
    public async Task Event_has_the_addresses_alone_where_pods_may_not_be_listed()
    {
        _server.Authorize = request => request.Plural != "pods";
        Start().Compare(_node, Report(50), Report(100));
        Assert.Equal(Note + "10.0.0.1 41%, 203.0.113.9 12%", await NoteAsync());
    }

    [Fact]
    public async Task Event_has_the_addresses_alone_where_nobody_is_to_be_asked()
    {
        Start(ask: false).Compare(_node, Report(50), Report(100));
        Assert.Equal(Note + "10.0.0.1 41%, 203.0.113.9 12%", await NoteAsync());
        Assert.DoesNotContain(_server.Requests.All, request => request.Plural == "pods");
    }

    [Fact]
    public async Task Other_events_do_not_wait_for_names_that_do_not_come()
    {
        _server.Faults.Add("list", "pods", 1, FaultAction.Hang());
        Start().Compare(_node, Report(50, buckets: 512), Report(100, buckets: 1024));
        Assert.Equal("the conntrack hash table went from 512 to 1024 buckets", await NoteAsync());
    }

    [Fact]
    public async Task Event_that_waits_for_a_name_when_the_controller_stops_is_told_without()
    {
        _server.Faults.Add("list", "pods", 1, FaultAction.Hang());
        var recorder = Recorder();
        var events = new NodeEvents(recorder, new AddressOwners(_server.CreateClient(), new AddressOwnerOptions(), TimeProvider.System));
        using var stop = new CancellationTokenSource();
        var naming = events.RunAsync(stop.Token);
        events.Compare(_node, Report(50), Report(100));
        await Eventually.UntilAsync(() => _server.Requests.All.Any(request => request.Plural == "pods"));
        await stop.CancelAsync();
        await naming.ContinueWith(_ => { }, TaskScheduler.Default);
        _running.Add(recorder.RunAsync(_stop.Token));
        Assert.Equal(Note + "10.0.0.1 41%, 203.0.113.9 12%", await NoteAsync());
    }

    [Fact]
    public async Task Storm_of_events_is_held_in_bounded_memory_and_what_is_beyond_has_addresses_alone()
    {
        var recorder = Recorder();
        var options = new AddressOwnerOptions { MostInAMinute = 60 };
        var events = new NodeEvents(recorder, new AddressOwners(_server.CreateClient(), options, new FakeTimeProvider()));
        for (var i = 0; i < 300; i++)
        {
            events.Compare(new NodeObject { Metadata = new ObjectMeta { Name = $"node-{i}", Uid = "u" } }, Report(50), Report(100));
        }

        // Nobody names them: 256 wait, the others are on their way.
        _running.Add(recorder.RunAsync(_stop.Token));
        await Eventually.UntilAsync(() => _server.All(ResourceType.Event).Count == 300 - 256);
        Assert.All(
            _server.All(ResourceType.Event), e => Assert.Equal(Note + "10.0.0.1 41%, 203.0.113.9 12%", e["note"]!.GetValue<string>()));
        _running.Add(events.RunAsync(_stop.Token));
        await Eventually.UntilAsync(() => _server.All(ResourceType.Event).Count == 300);

        // And no more was asked than may be in a minute.
        Assert.Equal(60, _server.Requests.Count("list", "pods"));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ContinueWith(_ => { }, TaskScheduler.Default);
        _stop.Dispose();
        _server.Dispose();
    }

    private NodeEvents Start(bool ask = true)
    {
        var recorder = Recorder();
        var events = new NodeEvents(
            recorder, ask ? new AddressOwners(_server.CreateClient(), new AddressOwnerOptions(), TimeProvider.System) : null);
        _running.Add(recorder.RunAsync(_stop.Token));
        if (ask)
        {
            _running.Add(events.RunAsync(_stop.Token));
        }

        return events;
    }

    private EventRecorder Recorder() =>
        new(_server.CreateClient(), new EventRecorderOptions { ReportingController = "test", ReportingInstance = "me" });

    private async Task<string> NoteAsync()
    {
        await Eventually.UntilAsync(() => _server.All(ResourceType.Event).Count > 0, "the event");
        return Assert.Single(_server.All(ResourceType.Event))["note"]!.GetValue<string>();
    }

    private static NodeStatus Report(int percent, long? buckets = null) => new()
    {
        Table = new TableStatus { Entries = percent, Limit = 100, Percent = percent, Buckets = buckets },
        Top = new TopStatus
        {
            Sources = [new TopSource { Address = "10.0.0.1", Percent = 41 }, new TopSource { Address = "203.0.113.9", Percent = 12 }],
        },
    };
}
