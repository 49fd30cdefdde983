using System.Collections.Concurrent;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;

namespace ConntrackOperator.Kubernetes.Tests.Informers;

public sealed class InformerTests : IAsyncDisposable
{
    private readonly FakeApiServer _server = new([Widget.Resource]);
    private readonly RecordedLog _log = new();
    private readonly ConcurrentQueue<string> _changes = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Informer<Widget> _watcher;
    private Task _running = Task.CompletedTask;

    public InformerTests() => _watcher = Watcher(new()
    {
        PageSize = 3,
        MinBackOff = TimeSpan.FromMilliseconds(10),
        MaxBackOff = TimeSpan.FromMilliseconds(40),
    });

    [Fact]
    public async Task Objects_that_were_there_and_that_come_later_are_all_known()
    {
        Put("a", "b", "c", "d", "e", "f", "g");
        await SyncedAsync();
        Assert.Equal(7, _watcher.Store.Count);
        Assert.Equal(3, _server.Requests.Count("list"));
        Put("h");
        _server.Merge(Widget.Type, "a", """{"spec":{"size":2}}""");
        _server.Delete(Widget.Type, "b");
        await ToldAsync("Added h", "Modified a", "Deleted b");
        Assert.True(_watcher.Store.TryGet("a", out var a));
        Assert.Equal(2, a.Spec!.Size);
    }

    [Fact]
    public async Task Pages_hold_as_many_objects_as_weigh_what_a_page_shall_weigh()
    {
        for (var i = 0; i < 60; i++)
        {
            // 100 bytes at first, then 10,000: what is known of the first says nothing of the others.
            _server.Put(
                Widget.Type, $$"""{"metadata":{"name":"w{{i:00}}"},"spec":{"color":"{{new string('x', i < 20 ? 100 : 10_000)}}"} }""");
        }

        var watcher = Watcher(new() { PageSize = 500, FirstPageSize = 5, PageBytes = 50_000 });
        var running = watcher.RunAsync(_stop.Token);
        await watcher.WaitForSyncAsync(TestContext.Current.CancellationToken);
        Assert.Equal(60, watcher.Store.Count);
        var limits = _server.Requests.All.Where(r => r.Verb == "list")
            .Select(r => int.Parse(r.Query["limit"], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        // It grows to the double at most, falls at once, and stays at five of the heavy ones.
        Assert.Equal([5, 10, 20], limits.Take(3));
        Assert.All(limits.Skip(3), limit => Assert.InRange(limit, 4, 8));
        await _stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Of_what_is_read_the_store_and_the_handlers_get_what_the_transform_keeps()
    {
        Put("a");
        var told = new ConcurrentQueue<string?>();
        var watcher = new Informer<Widget>(_server.CreateClient(), Widget.Type, WidgetJson.Default.Widget)
        {
            Transform = w => w with { Spec = new WidgetSpec { Color = "kept" } },
        };
        watcher.Changed += change => told.Enqueue(change.New?.Spec?.Color);
        var running = watcher.RunAsync(_stop.Token);
        await watcher.WaitForSyncAsync(TestContext.Current.CancellationToken);
        Put("b");
        await Eventually.UntilAsync(() => told.Count == 2);
        Assert.Equal(["kept", "kept"], told);
        Assert.All(watcher.Store.Snapshot.Values, w => Assert.Equal("kept", w.Spec!.Color));
        await _stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Watch_asks_for_bookmarks_and_a_jittered_time_out_and_the_list_for_a_consistent_read()
    {
        await SyncedAsync();
        await Eventually.UntilAsync(() => _server.Requests.Count("watch") == 1);
        var watch = _server.Requests.All.Single(request => request.Verb == "watch");
        Assert.Equal("true", watch.Query["allowWatchBookmarks"]);
        Assert.InRange(int.Parse(watch.Query["timeoutSeconds"], System.Globalization.CultureInfo.InvariantCulture), 275, 305);
        var list = _server.Requests.All.First(request => request.Verb == "list");
        Assert.False(list.Query.ContainsKey("resourceVersion"));
        Assert.Equal("3", list.Query["limit"]);
    }

    [Fact]
    public async Task Watch_that_is_ended_in_good_order_is_resumed_without_a_list_and_without_a_repeated_event()
    {
        _server.Faults.Add("watch", "widgets", 1, FaultAction.EndWatch(afterEvents: 1));
        await SyncedAsync();
        Put("a", "b", "c");
        await ToldAsync("Added a", "Added b", "Added c");
        Assert.Equal(3, _changes.Count);
        Assert.Equal(1, _watcher.Lists);
    }

    [Fact]
    public async Task Watch_whose_connection_breaks_is_resumed_where_it_was()
    {
        _server.Faults.Add("watch", "widgets", 1, FaultAction.CutWatch(afterEvents: 2));
        await SyncedAsync();
        Put("a", "b", "c");
        await ToldAsync("Added a", "Added b", "Added c");
        Assert.Equal(3, _changes.Count);
        Assert.Equal(1, _watcher.Lists);
        Assert.Equal(2, _watcher.Watches);
    }

    [Fact]
    public async Task Bookmark_moves_the_version_from_which_a_broken_watch_is_resumed()
    {
        await SyncedAsync();
        await WatchingAsync(1);
        _server.Put(ConntrackOperator.Kubernetes.Client.ResourceType.Node, """{"metadata":{"name":"other"}}""");
        var progress = _server.Revision;
        var looks = 0;
        await Eventually.UntilAsync(() => ResumesFrom(progress), () =>
        {
            // Now and then the connection breaks; most of the time a bookmark can arrive.
            _server.SendBookmarks();
            if (++looks % 20 == 0)
            {
                _server.DropConnections();
            }
        });
        Assert.Equal(1, _watcher.Lists);
    }

    [Fact]
    public async Task Expired_version_said_by_an_event_leads_to_a_new_list()
    {
        _server.Faults.Add("watch", "widgets", 1, FaultAction.ExpireWatch());
        await SyncedAsync();
        await Eventually.UntilAsync(() => _watcher.Lists == 2);
    }

    [Fact]
    public async Task Expired_version_said_by_http_leads_to_a_new_list()
    {
        _server.Faults.Add("watch", "widgets", 1, FaultAction.Answer(410, "Expired"));
        await SyncedAsync();
        await Eventually.UntilAsync(() => _watcher.Lists == 2);
    }

    [Fact]
    public async Task Expired_continue_token_starts_the_list_from_the_beginning()
    {
        Put("a", "b", "c", "d");
        _server.Faults.Add(request => request.Query.ContainsKey("continue"), 1, FaultAction.Answer(410, "Expired"));
        await SyncedAsync();
        Assert.Equal(4, _watcher.Store.Count);
        Assert.Equal(4, _server.Requests.Count("list"));
    }

    [Fact]
    public async Task Object_deleted_while_the_versions_expired_is_reported_as_deleted_with_its_last_state()
    {
        Put("a", "b");
        WatchChange<Widget>? deleted = null;
        _watcher.Changed += change => deleted = change.Kind == WatchChangeKind.Deleted ? change : deleted;
        await SyncedAsync();
        await WatchingAsync(1);
        _server.Stop();
        _server.Delete(Widget.Type, "a");
        Put("c", "d");
        _server.Compact();
        _server.Start();
        await ToldAsync("Deleted a", "Added c", "Added d");
        Assert.Equal("a", deleted!.Value.Old!.Metadata!.Name);
        Assert.Equal(2, _watcher.Lists);
    }

    [Fact]
    public async Task Server_that_lost_its_state_is_listed_again()
    {
        Put("a", "b", "c");
        await SyncedAsync();
        await WatchingAsync(1);
        _server.Restart(keepState: false);
        await ToldAsync("Deleted a", "Deleted b", "Deleted c");
        Put("z");
        await ToldAsync("Added z");
    }

    [Theory]
    [InlineData("this is not JSON")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"resourceVersion":"9"},"spec":{"size":"not a number"}}}""")]
    [InlineData("""{"type":"INVENTED","object":{"metadata":{"name":"x","resourceVersion":"9"}}}""")]
    [InlineData("""{"type":"ADDED","object":{"metadata":{"name":"x"}}}""")]
    [InlineData("""{"type":"ADDED"}""")]
    [InlineData("[]")]
    public async Task Event_that_cannot_be_decoded_leads_to_a_new_list(string line)
    {
        _server.Faults.Add("watch", "widgets", 1, FaultAction.SendLine(line));
        await SyncedAsync();
        await Eventually.UntilAsync(() => _watcher.Lists == 2);
        Put("a");
        await ToldAsync("Added a");
    }

    [Fact]
    public async Task Object_in_a_list_that_cannot_be_decoded_neither_hides_the_others_nor_counts_as_deleted()
    {
        Put("a", "b");
        await SyncedAsync();
        await WatchingAsync(1);
        _server.Stop();
        _server.Merge(Widget.Type, "a", """{"spec":{"size":"not a number"}}""");
        Put("c");
        _server.Start();
        await ToldAsync("Added c");
        Assert.DoesNotContain("Deleted a", _changes);
        Assert.True(_watcher.Store.TryGet("a", out _));
        Assert.Contains(_log.Warnings, text => text.Contains("Widget a does not fit", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0000-01-01T00:00:00Z")]
    [InlineData("2026-01-01T00:00:00+99:99")]
    [InlineData("not a time")]
    public async Task Event_whose_object_does_not_fit_leaves_what_was_known_and_the_watch_goes_on(string time)
    {
        Put("a", "b");
        await SyncedAsync();
        await WatchingAsync(1);
        for (var i = 0; i < 10; i++)
        {
            _server.Merge(Widget.Type, "a", $$$"""{"spec":{"size":{{{i}}},"madeAt":"{{{time}}}"}}""");
            _server.Merge(Widget.Type, "b", $$$"""{"spec":{"size":{{{10 + i}}}}}""");
        }

        await Eventually.UntilAsync(() => Size("b") == 19);
        Assert.Equal(1, Size("a"));
        Assert.Contains("madeAt", _watcher.Undecodable[new(null, "a")], StringComparison.Ordinal);
        Assert.Equal((1, 1, 0), (_watcher.Lists, _watcher.Watches, _watcher.Failures));
        // Handlers hear of it once, and the log once a minute, however often it happens.
        Assert.Single(_changes, change => change == "Modified a");
        Assert.Single(_log.Warnings, text => text.Contains("Widget a does not fit", StringComparison.Ordinal));
        _server.Merge(Widget.Type, "a", """{"spec":{"size":7,"madeAt":null}}""");
        await Eventually.UntilAsync(() => Size("a") == 7);
        Assert.Empty(_watcher.Undecodable);
    }

    [Fact]
    public async Task Watch_is_taken_up_again_after_an_event_that_did_not_fit()
    {
        Put("a");
        await SyncedAsync();
        await WatchingAsync(1);
        _server.Merge(Widget.Type, "a", """{"spec":{"madeAt":"never"}}""");
        await Eventually.UntilAsync(() => _watcher.Undecodable.Count == 1);
        var version = _server.Revision;
        _server.DropConnections();
        await Eventually.UntilAsync(() => ResumesFrom(version));
        Assert.Equal(1, _watcher.Lists);
    }

    [Fact]
    public async Task Object_that_did_not_fit_can_be_deleted()
    {
        Put("a", "b");
        await SyncedAsync();
        await WatchingAsync(1);
        _server.Merge(Widget.Type, "a", """{"spec":{"madeAt":"never"}}""");
        await Eventually.UntilAsync(() => _watcher.Undecodable.Count == 1);
        _server.Delete(Widget.Type, "a");
        await ToldAsync("Deleted a");
        Assert.Empty(_watcher.Undecodable);
        Assert.Equal(1, _watcher.Store.Count);
    }

    [Fact]
    public async Task List_marks_what_does_not_fit_and_a_later_one_takes_the_mark_away()
    {
        _server.Put(Widget.Type, """{"metadata":{"name":"a"},"spec":{"madeAt":"never"}}""");
        await SyncedAsync();
        Assert.Equal(["a"], _watcher.Undecodable.Keys.Select(key => key.Name));
        Assert.Equal(0, _watcher.Store.Count);
        await WatchingAsync(1);
        _server.Stop();
        _server.Merge(Widget.Type, "a", """{"spec":{"madeAt":null}}""");
        _server.Compact();
        _server.Start();
        await ToldAsync("Added a");
        Assert.Empty(_watcher.Undecodable);
    }

    [Theory]
    [InlineData(
        """{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"etcdserver: something new","reason":"InternalError","code":500}}""")]
    [InlineData("""{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"?"}}""")]
    [InlineData(
        """{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"bad version","reason":"BadRequest","code":400}}""")]
    public async Task Error_event_of_a_kind_that_is_not_known_leads_to_a_new_list(string line)
    {
        _server.Faults.Add("watch", "widgets", 1, FaultAction.SendLine(line));
        await SyncedAsync();
        await Eventually.UntilAsync(() => _watcher.Lists == 2);
    }

    [Fact]
    public async Task Error_event_of_a_server_that_is_busy_leads_to_no_list()
    {
        _server.Faults.Add("watch", "widgets", 1, FaultAction.SendLine(
            """{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"storage is (re)initializing","reason":"TooManyRequests","code":429}}"""));
        await SyncedAsync();
        await Eventually.UntilAsync(() => _watcher.Watches == 2);
        Assert.Equal(1, _watcher.Lists);
    }

    [Fact]
    public async Task Version_that_the_server_calls_bad_by_http_leads_to_a_new_list()
    {
        _server.Faults.Add("watch", "widgets", 1, FaultAction.Answer(400, "BadRequest"));
        await SyncedAsync();
        await Eventually.UntilAsync(() => _watcher.Lists == 2);
    }

    [Fact]
    public async Task Server_error_by_http_leads_to_no_list()
    {
        _server.Faults.Add("watch", "widgets", 2, FaultAction.Answer(500, "InternalError"));
        await SyncedAsync();
        await Eventually.UntilAsync(() => _watcher.Watches == 1);
        Assert.Equal((1, 2), (_watcher.Lists, _watcher.Failures));
    }

    [Fact]
    public async Task Event_that_is_too_long_leads_to_a_new_list()
    {
        var watcher = new Informer<Widget>(
            _server.CreateClient(new() { MaxObjectBytes = 2000 }), Widget.Type, WidgetJson.Default.Widget,
            new() { MinBackOff = TimeSpan.FromMilliseconds(10), MaxBackOff = TimeSpan.FromMilliseconds(40) }, _log);
        _running = watcher.RunAsync(_stop.Token);
        await watcher.WaitForSyncAsync(TestContext.Current.CancellationToken);
        await Eventually.UntilAsync(() => watcher.Watches == 1);
        _server.Put(Widget.Type, $$$"""{"metadata":{"name":"a"},"spec":{"color":"{{{new string('x', 20_000)}}}"}}""");
        await Eventually.UntilAsync(() => watcher.Store.Count == 1);
        Assert.Equal(2, watcher.Lists);
    }

    [Fact]
    public async Task Watch_that_the_server_ends_at_once_is_not_asked_for_again_at_once()
    {
        var watcher = Watcher(new() { MinBackOff = TimeSpan.FromMilliseconds(100), MaxBackOff = TimeSpan.FromMilliseconds(400) });
        _server.Faults.Add("watch", "widgets", int.MaxValue, FaultAction.EndWatch());
        _running = watcher.RunAsync(_stop.Token);
        await Eventually.UntilAsync(() => watcher.Watches == 5);
        var asked = _server.Requests.All.Where(request => request.Verb == "watch").Select(request => request.At).ToList();
        // At least 100, 200, 400 and 400 ms, and never less than was asked for.
        Assert.All(asked.Zip(asked.Skip(1), [100, 200, 400, 400]), pair => Assert.True(
            pair.Second - pair.First >= TimeSpan.FromMilliseconds(pair.Third - 2),
            $"{(pair.Second - pair.First).TotalMilliseconds} ms instead of {pair.Third}"));
        Assert.Equal(1, watcher.Lists);
    }

    [Fact]
    public async Task Watch_that_breaks_by_what_nobody_expected_ends_the_watcher()
    {
        _watcher.Changed += _ => throw new InsufficientMemoryException("for the test");
        Put("a");
        await Assert.ThrowsAsync<InsufficientMemoryException>(() => _watcher.RunAsync(_stop.Token));
    }

    [Fact]
    public async Task Watch_says_for_how_long_there_has_been_none()
    {
        await SyncedAsync();
        await WatchingAsync(1);
        await Eventually.UntilAsync(() => _watcher.SinceProgress > TimeSpan.FromMilliseconds(100));
        Assert.Equal(TimeSpan.Zero, _watcher.SinceConnected);
        _server.Stop();
        await Eventually.UntilAsync(() => _watcher.SinceConnected > TimeSpan.FromMilliseconds(100) && _watcher.LastFailure is not null);
        _server.Start();
        await Eventually.UntilAsync(() => _watcher.SinceConnected == TimeSpan.Zero);
    }

    [Fact]
    public async Task Silent_watch_is_given_up_after_its_time_out_and_five_seconds()
    {
        // In small: 1 s and 0.1 s.
        var watcher = Watcher(new()
        {
            WatchTimeout = TimeSpan.FromSeconds(1),
            IdleGrace = TimeSpan.FromMilliseconds(100),
            MinBackOff = TimeSpan.FromMilliseconds(1),
        });
        _server.Faults.Add("watch", "widgets", 1, FaultAction.MuteWatch());
        _running = watcher.RunAsync(_stop.Token);
        await Eventually.UntilAsync(() => watcher.Watches == 1);
        Put("a");
        await Eventually.UntilAsync(() => watcher.Store.Count == 1);
        Assert.Equal(1, watcher.Failures);
        Assert.Equal(2, watcher.Watches);
        Assert.Equal(1, watcher.Lists);
    }

    [Fact]
    public async Task Server_that_is_busy_is_left_alone_for_as_long_as_it_asks()
    {
        _server.Faults.Add("list", "widgets", 1, FaultAction.Answer(429, "TooManyRequests", TimeSpan.FromSeconds(1)));
        await SyncedAsync();
        var lists = _server.Requests.All.Where(request => request.Verb == "list").ToList();
        Assert.Equal(2, lists.Count);
        Assert.True(lists[1].At - lists[0].At >= TimeSpan.FromSeconds(0.99));
    }

    [Fact]
    public async Task Server_that_is_away_at_the_start_is_waited_for()
    {
        _server.Stop();
        _running = _watcher.RunAsync(_stop.Token);
        await Eventually.UntilAsync(() => _watcher.Failures >= 3);
        Assert.False(_watcher.HasSynced);
        _server.Start();
        await _watcher.WaitForSyncAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Missing_rule_is_named()
    {
        _server.Authorize = request => request.Verb != "list";
        _running = _watcher.RunAsync(_stop.Token);
        await Eventually.UntilAsync(() => !_log.Warnings.IsEmpty);
        Assert.Contains(
            """verb "list" on resource "widgets" of API group "test.conntrack.dev""", _log.Warnings.First(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watcher_of_one_name_sees_only_that_object()
    {
        var watcher = Watcher(new() { FieldSelector = "metadata.name=a" });
        Put("a", "b");
        _running = watcher.RunAsync(_stop.Token);
        await watcher.WaitForSyncAsync(TestContext.Current.CancellationToken);
        Put("c");
        _server.Merge(Widget.Type, "a", """{"spec":{"size":5}}""");
        await Eventually.UntilAsync(() => watcher.Store.TryGet("a", out var a) && a.Spec!.Size == 5);
        Assert.Equal(1, watcher.Store.Count);
    }

    [Fact]
    public async Task Object_that_leaves_the_label_selector_is_reported_as_deleted_and_comes_back_as_added()
    {
        var watcher = Watcher(new() { LabelSelector = "role in (edge,core),!off" });
        watcher.Changed += change => _changes.Enqueue($"{change.Kind} {change.Key}");
        _server.Put(Widget.Type, """{"metadata":{"name":"a","labels":{"role":"edge"}}}""");
        _running = watcher.RunAsync(_stop.Token);
        await watcher.WaitForSyncAsync(TestContext.Current.CancellationToken);
        await Eventually.UntilAsync(() => watcher.Watches == 1);
        _server.Merge(Widget.Type, "a", """{"metadata":{"labels":{"off":"1"}}}""");
        _server.Merge(Widget.Type, "a", """{"metadata":{"labels":{"off":null}}}""");
        await Eventually.UntilAsync(() => _changes.Count == 3);
        Assert.Equal(["Added a", "Deleted a", "Added a"], _changes);
    }

    [Fact]
    public async Task Handler_that_fails_does_not_stop_the_watch()
    {
        _watcher.Changed += _ => throw new InvalidOperationException("a defect");
        Put("a");
        await SyncedAsync();
        Put("b");
        await Eventually.UntilAsync(() => _watcher.Store.Count == 2);
        Assert.Equal(0, _watcher.Failures);
    }

    [Fact]
    public async Task Progress_shows_that_the_server_still_speaks()
    {
        await SyncedAsync();
        await WatchingAsync(1);
        await Eventually.UntilAsync(() => _watcher.SinceProgress > TimeSpan.FromMilliseconds(300));
        _server.SendBookmarks();
        await Eventually.UntilAsync(() => _watcher.SinceProgress < TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public async Task Hundreds_of_watches_all_see_every_change()
    {
        var client = _server.CreateClient();
        var watchers = Enumerable.Range(0, 300)
            .Select(_ => new Informer<Widget>(client, Widget.Type, WidgetJson.Default.Widget)).ToList();
        _running = Task.WhenAll(watchers.Select(watcher => watcher.RunAsync(_stop.Token)));
        await Task.WhenAll(watchers.Select(watcher => watcher.WaitForSyncAsync(TestContext.Current.CancellationToken)));
        Put([.. Enumerable.Range(0, 20).Select(i => $"w{i}")]);
        await Eventually.UntilAsync(() => watchers.TrueForAll(watcher => watcher.Store.Count == 20));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _server.Dispose();
        _stop.Dispose();
    }

    private Informer<Widget> Watcher(InformerOptions options)
    {
        var watcher = new Informer<Widget>(_server.CreateClient(), Widget.Type, WidgetJson.Default.Widget, options, _log);
        if (options.LabelSelector is null)
        {
            watcher.Changed += change => _changes.Enqueue($"{change.Kind} {change.Key}");
        }

        return watcher;
    }

    private async Task SyncedAsync()
    {
        _running = _watcher.RunAsync(_stop.Token);
        await _watcher.WaitForSyncAsync(TestContext.Current.CancellationToken);
    }

    private int? Size(string name) => _watcher.Store.TryGet(name, out var item) ? item.Spec!.Size : null;

    private Task WatchingAsync(int count) => Eventually.UntilAsync(() => _server.Watches(Widget.Type) == count);

    private bool ResumesFrom(long version) => _server.Requests.All.Any(request => request.Verb == "watch"
        && request.Query["resourceVersion"] == version.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private void Put(params string[] names) =>
        Array.ForEach(names, name => _server.Put(Widget.Type, $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"size":1}}"""));

    private Task ToldAsync(params string[] expected) =>
        Eventually.UntilAsync(() => expected.All(_changes.Contains), $"{string.Join(", ", expected)} out of {string.Join(", ", _changes)}");
}
