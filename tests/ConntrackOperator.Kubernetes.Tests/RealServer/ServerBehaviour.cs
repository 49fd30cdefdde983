using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Events;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.LeaderElection;
using ConntrackOperator.Kubernetes.Protocol;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Kubernetes.Tests.RealServer;

/// <summary>What the runtime relies on, asked of the fake API server and of the real server alike.</summary>
public abstract class ServerBehaviour
{
    private readonly string _prefix = TestApiServer.UniqueName("t");

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private ApiClient Client => field ??= Server().CreateClient();

    [Fact]
    public async Task Object_is_created_read_replaced_and_deleted()
    {
        var name = Name("a");
        var created = await CreateAsync(name, 1);
        Assert.Equal(1, created.Metadata!.Generation);
        Assert.NotNull(created.Metadata.Uid);
        Assert.NotNull(created.Metadata.CreationTimestamp);
        Assert.True((await FailsAsync(() => CreateAsync(name, 1))).IsAlreadyExists);
        var replaced = await Client.ReplaceAsync(
            Widget.Type, null, name, created with { Spec = new() { Size = 2 } }, WidgetJson.Default.Widget, Token);
        Assert.Equal(2, replaced.Metadata!.Generation);
        var conflict = await FailsAsync(() => Client.ReplaceAsync(
            Widget.Type, null, name, created with { Spec = new() { Size = 3 } }, WidgetJson.Default.Widget, Token));
        Assert.True(conflict.IsConflict);
        Assert.Equal(2, (await GetAsync(name)).Spec!.Size);
        Assert.True((await FailsAsync(() => Client.DeleteAsync(Widget.Type, null, name, "another-uid", null, Token))).IsConflict);
        await Client.DeleteAsync(Widget.Type, null, name, created.Metadata.Uid, replaced.Metadata.ResourceVersion, Token);
        Assert.True((await FailsAsync(() => GetAsync(name))).IsNotFound);
        Assert.True((await FailsAsync(() => Client.DeleteAsync(Widget.Type, null, name, null, null, Token))).IsNotFound);
    }

    [Fact]
    public async Task Replacement_that_changes_nothing_keeps_the_version()
    {
        var created = await CreateAsync(Name("a"), 1);
        var same = await Client.ReplaceAsync(Widget.Type, null, Name("a"), created, WidgetJson.Default.Widget, Token);
        Assert.Equal(created.Metadata!.ResourceVersion, same.Metadata!.ResourceVersion);
    }

    [Fact]
    public async Task Status_is_written_apart_and_does_not_count_in_the_generation()
    {
        var name = Name("a");
        await CreateAsync(name, 1);
        var patched = await PatchAsync(name, """{"status":{"phase":"Ready"},"spec":{"size":9}}""", "status");
        Assert.Equal("Ready", patched.Status!.Phase);
        Assert.Equal(1, patched.Spec!.Size);
        Assert.Equal(1, patched.Metadata!.Generation);
        patched = await PatchAsync(name, """{"status":{"phase":"Lost"},"spec":{"size":9}}""", null);
        Assert.Equal("Ready", patched.Status!.Phase);
        Assert.Equal(9, patched.Spec!.Size);
        Assert.Equal(2, patched.Metadata!.Generation);
    }

    [Fact]
    public async Task Json_patch_whose_test_fails_is_invalid_and_changes_nothing()
    {
        var name = Name("a");
        await CreateAsync(name, 1);
        var patch = """[{"op":"test","path":"/spec/size","value":7},{"op":"replace","path":"/spec/size","value":8}]"""u8.ToArray();
        var e = await FailsAsync(
            () => Client.PatchAsync(Widget.Type, null, name, PatchKind.Json, patch, WidgetJson.Default.Widget, null, Token));
        Assert.True(e.IsInvalid);
        Assert.Equal(1, (await GetAsync(name)).Spec!.Size);
    }

    [Fact]
    public async Task Applied_field_that_is_left_out_the_next_time_goes_and_others_fields_stay()
    {
        var name = Name("a");
        await ApplyAsync(name, new() { Size = 1, Color = "red" }, "one");
        await ApplyAsync(name, new() { Parts = [new() { Name = "x", Count = 1 }] }, "two");
        await ApplyAsync(name, new() { Size = 1, Parts = [new() { Name = "y", Count = 2 }] }, "one");
        var now = (await GetAsync(name)).Spec!;
        Assert.Equal(1, now.Size);
        Assert.Null(now.Color);
        Assert.Equal(["x", "y"], now.Parts!.Select(part => part.Name).Order());
        await ApplyAsync(name, new() { Size = 1 }, "one");
        Assert.Equal(["x"], (await GetAsync(name)).Spec!.Parts!.Select(part => part.Name));
    }

    [Fact]
    public async Task Field_that_another_manager_owns_is_a_conflict_unless_forced()
    {
        var name = Name("a");
        await ApplyAsync(name, new() { Size = 1 }, "one");
        await ApplyAsync(name, new() { Size = 1 }, "two");
        var e = await FailsAsync(() => ApplyAsync(name, new() { Size = 2 }, "two"));
        Assert.True(e.IsConflict);
        Assert.Contains("spec.size", e.Message, StringComparison.Ordinal);
        Assert.Contains("one", e.Message, StringComparison.Ordinal);
        await ApplyAsync(name, new() { Size = 2 }, "two", force: true);
        Assert.Equal(2, (await GetAsync(name)).Spec!.Size);
        // It is no longer the first one's to take away.
        await ApplyAsync(name, new() { Color = "red" }, "one");
        Assert.Equal(2, (await GetAsync(name)).Spec!.Size);
    }

    [Fact]
    public async Task Field_that_somebody_edited_is_theirs()
    {
        var name = Name("a");
        await ApplyAsync(name, new() { Size = 1 }, "one");
        await PatchAsync(name, """{"spec":{"size":5}}""", null);
        Assert.True((await FailsAsync(() => ApplyAsync(name, new() { Size = 1 }, "one"))).IsConflict);
    }

    [Fact]
    public async Task Apply_that_changes_nothing_keeps_the_version()
    {
        var first = await ApplyAsync(Name("a"), new() { Size = 1 }, "one");
        var second = await ApplyAsync(Name("a"), new() { Size = 1 }, "one");
        Assert.Equal(first.Metadata!.ResourceVersion, second.Metadata!.ResourceVersion);
    }

    [Fact]
    public async Task Applied_status_of_an_object_that_is_not_there_is_not_found()
    {
        var e = await FailsAsync(() => Client.ApplyAsync(
            Widget.Type, null, Name("none"), new Widget { Metadata = new() { Name = Name("none") }, Status = new() { Phase = "x" } },
            WidgetJson.Default.Widget, "one", false, "status", Token));
        Assert.True(e.IsNotFound);
    }

    [Fact]
    public async Task Finalizer_holds_an_object_until_it_is_removed_and_leaves_others_alone()
    {
        var name = Name("a");
        var finalizer = new Finalizer<Widget>(Client, Widget.Type, WidgetJson.Default.Widget, "test.conntrack.dev/hold");
        var stale = await CreateAsync(name, 1);
        await PatchAsync(name, """{"metadata":{"finalizers":["test.conntrack.dev/other"]}}""", null);
        // The list that was not there is there now: what has been put in since must not be thrown away.
        Assert.False(await finalizer.EnsureAsync(stale, Token));
        Assert.True(await finalizer.EnsureAsync(await GetAsync(name), Token));
        Assert.Equal(["test.conntrack.dev/other", "test.conntrack.dev/hold"], (await GetAsync(name)).Metadata!.Finalizers!);
        await Client.DeleteAsync(Widget.Type, null, name, null, null, Token);
        var marked = await GetAsync(name);
        Assert.NotNull(marked.Metadata!.DeletionTimestamp);
        Assert.Equal(2, marked.Metadata.Generation);
        await PatchAsync(name, """{"metadata":{"finalizers":["test.conntrack.dev/hold"]}}""", null);
        // The position has changed: the test of the patch fails, and the wrong one is not removed.
        Assert.False(await finalizer.RemoveAsync(marked, Token));
        Assert.True(await finalizer.RemoveAsync(await GetAsync(name), Token));
        Assert.True((await FailsAsync(() => GetAsync(name))).IsNotFound);
        Assert.True(await finalizer.RemoveAsync(marked, Token));
    }

    [Fact]
    public async Task Failed_test_of_a_patch_is_no_refusal()
    {
        await CreateAsync(Name("a"), 1);
        var e = await FailsAsync(() => Client.PatchAsync(
            Widget.Type, null, Name("a"), PatchKind.Json,
            Encoding.UTF8.GetBytes("""[{"op":"test","path":"/metadata/uid","value":"another"}]"""),
            WidgetJson.Default.Widget, null, Token));
        Assert.True(e is { IsInvalid: true, IsFailedTest: true, IsRefused: false });
    }

    [Fact]
    public async Task Watcher_follows_all_that_happens_from_a_list_in_pages()
    {
        foreach (var i in Enumerable.Range(0, 7))
        {
            await CreateAsync(Name(i.ToString(CultureInfo.InvariantCulture)), i);
        }

        var changes = new ConcurrentQueue<string>();
        var watcher = new Informer<Widget>(
            Client, Widget.Type, WidgetJson.Default.Widget, new() { PageSize = 3, LabelSelector = $"test={_prefix}" });
        watcher.Changed += change => changes.Enqueue($"{change.Kind} {change.Key}");
        using var stop = new CancellationTokenSource();
        var running = watcher.RunAsync(stop.Token);
        await watcher.WaitForSyncAsync(Token);
        Assert.Equal(7, watcher.Store.Count);
        await PatchAsync(Name("3"), """{"spec":{"size":33}}""", null);
        await Client.DeleteAsync(Widget.Type, null, Name("4"), null, null, Token);
        await CreateAsync(Name("9"), 9);
        await PatchAsync(Name("5"), """{"metadata":{"labels":{"test":"no-more"}}}""", null);
        string[] expected = [$"Modified {Name("3")}", $"Deleted {Name("4")}", $"Added {Name("9")}", $"Deleted {Name("5")}"];
        await Eventually.UntilAsync(() => changes.Count == 11);
        Assert.Equal(expected, changes.Skip(7));
        Assert.Equal(1, watcher.Lists);
        Assert.Equal(0, watcher.Failures);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Watch_from_a_version_that_makes_no_sense_is_refused()
    {
        var e = await FailsAsync(async () =>
        {
            await foreach (var _ in Client.WatchAsync(
                Widget.Type, null, new() { ResourceVersion = "nonsense" }, WidgetJson.Default.Widget, Token))
            {
            }
        });
        // Kubernetes 1.36 says 500, the versions before say 400.
        Assert.True(e.Code is 400 or 500);
    }

    [Fact]
    public async Task Continue_token_that_makes_no_sense_is_refused()
    {
        var e = await FailsAsync(
            () => Client.ListAsync(Widget.Type, null, new() { Limit = 1, Continue = "nonsense" }, WidgetJson.Default.Widget, Token));
        Assert.True(e.Code is 400 or 410);
    }

    [Fact]
    public async Task Wrong_token_is_told_from_a_missing_object()
    {
        using var http = Server().CreateHttpClient();
        http.DefaultRequestHeaders.Authorization = new("Bearer", "wrong");
        var client = new ApiClient(http, Server().BaseAddress);
        var e = await FailsAsync(() => client.GetAsync(Widget.Type, null, "a", WidgetJson.Default.Widget, Token));
        Assert.True(e.IsUnauthorized);
    }

    [Fact]
    public async Task Lease_goes_from_one_candidate_to_the_next()
    {
        var options = new LeaderElectionOptions { RetryPeriod = TimeSpan.FromMilliseconds(100) };
        var first = new LeaderElector(Client, "default", Name("lock"), "a", options);
        var second = new LeaderElector(Client, "default", Name("lock"), "b", options);
        using var stopFirst = new CancellationTokenSource();
        using var stopSecond = new CancellationTokenSource();
        var firstRunning = first.RunAsync(ct => Task.Delay(Timeout.Infinite, ct), stopFirst.Token);
        await Eventually.UntilAsync(() => first.IsLeader);
        var secondRunning = second.RunAsync(ct => Task.Delay(Timeout.Infinite, ct), stopSecond.Token);
        await Task.Delay(600, Token);
        Assert.True(first.IsLeader);
        Assert.False(second.IsLeader);
        await stopFirst.CancelAsync();
        await firstRunning;
        await Eventually.UntilAsync(() => second.IsLeader);
        Assert.False(first.IsLeader);
        await stopSecond.CancelAsync();
        await secondRunning;
    }

    [Fact]
    public async Task Event_is_accepted_and_its_count_too()
    {
        using var stop = new CancellationTokenSource();
        var recorder = new EventRecorder(
            Client,
            new()
            {
                ReportingController = "test.conntrack.dev/c",
                ReportingInstance = "i",
                SeriesInterval = TimeSpan.FromMilliseconds(20),
            });
        var running = recorder.RunAsync(stop.Token);
        var node = new ObjectReference { ApiVersion = "v1", Kind = "Node", Name = Name("node"), Uid = Name("node") };
        recorder.Record(node, EventType.Warning, "TableFull", "Count", "full");
        await Eventually.UntilAsync(() => recorder.Written == 1);
        recorder.Record(node, EventType.Warning, "TableFull", "Count", "full");
        await Eventually.UntilAsync(() => recorder.Written == 2);
        await stop.CancelAsync();
        await running;
        Assert.Equal(0, recorder.Dropped);
        using var http = Server().CreateHttpClient();
        var text = await http.GetStringAsync(new Uri("/apis/events.k8s.io/v1/namespaces/default/events", UriKind.Relative), Token);
        var events = System.Text.Json.Nodes.JsonNode.Parse(text)!["items"]!.AsArray();
        var mine = Assert.Single(events, item => item!["regarding"]?["name"]?.GetValue<string>() == Name("node"));
        Assert.Equal(2, mine!["series"]!["count"]!.GetValue<int>());
    }

    /// <summary>The server; skips the test when there is none.</summary>
    protected abstract IApiServer Server();

    protected string Name(string name) => $"{_prefix}-{name}";

    protected async Task<Widget> CreateAsync(string name, int size)
    {
        var widget = Widget.Named(name, size);
        widget = widget with { Metadata = widget.Metadata! with { Labels = new() { ["test"] = _prefix } } };
        return await Client.CreateAsync(Widget.Type, null, widget, WidgetJson.Default.Widget, Token);
    }

    protected Task<Widget> PatchAsync(string name, string patch, string? subresource) => Client.PatchAsync(
        Widget.Type, null, name, PatchKind.Merge, Encoding.UTF8.GetBytes(patch), WidgetJson.Default.Widget, subresource, Token);

    private Task<Widget> GetAsync(string name) => Client.GetAsync(Widget.Type, null, name, WidgetJson.Default.Widget, Token);

    private Task<Widget> ApplyAsync(string name, WidgetSpec spec, string manager, bool force = false) => Client.ApplyAsync(
        Widget.Type, null, name, new Widget { Metadata = new() { Name = name }, Spec = spec }, WidgetJson.Default.Widget, manager, force,
        null, Token);

    private static Task<ApiException> FailsAsync(Func<Task> call) => Assert.ThrowsAsync<ApiException>(call);
}
