using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using ConntrackOperator.TestKit.Faults;
using ConntrackOperator.TestKit.Http;
using ConntrackOperator.TestKit.Storage;

namespace ConntrackOperator.TestKit;

/// <summary>Serves one watch to its end, with what is to go wrong in it.</summary>
internal sealed class WatchWriter(
    HttpConnection connection, ResourceTable table, Selector selector, RequestRecord request, FaultAction? fault)
{
    private readonly bool _bookmarks = request.Query.GetValueOrDefault("allowWatchBookmarks") == "true";
    private FaultAction? _fault = fault?.Kind is FaultKind.CutWatch or FaultKind.EndWatch or FaultKind.SendLine ? fault : null;
    private int _sent;

    public async Task RunAsync(
        IReadOnlyList<StorageEvent> past,
        ChannelReader<StorageEvent> future,
        TimeSpan? bookmarkInterval,
        Action requestBookmark,
        TimeProvider time)
    {
        var closed = connection.ClosedAsync();
        var timeout = request.Query.TryGetValue("timeoutSeconds", out var seconds)
            ? TimeSpan.FromSeconds(int.Parse(seconds, CultureInfo.InvariantCulture))
            : TimeSpan.FromHours(1);
        using var end = new CancellationTokenSource(timeout, time);
        if (await MeetFaultAsync())
        {
            return;
        }

        foreach (var change in past)
        {
            if (await SendAsync(change))
            {
                return;
            }
        }

        var ended = Task.Delay(Timeout.InfiniteTimeSpan, time, end.Token);
        var more = future.WaitToReadAsync().AsTask();
        while (!end.IsCancellationRequested)
        {
            using var tick = new CancellationTokenSource();
            var bookmark = Task.Delay(bookmarkInterval ?? Timeout.InfiniteTimeSpan, time, tick.Token);
            var first = await Task.WhenAny(more, closed, ended, bookmark);
            await tick.CancelAsync();
            if (first == closed)
            {
                return;
            }

            if (first == bookmark)
            {
                // Through the channel, so that it never overtakes an event.
                requestBookmark();
            }

            while (future.TryRead(out var change))
            {
                if (await SendAsync(change))
                {
                    return;
                }
            }

            more = more.IsCompleted ? future.WaitToReadAsync().AsTask() : more;
        }

        await connection.EndChunksAsync();
    }

    /// <returns>Whether the watch is over.</returns>
    private async Task<bool> SendAsync(StorageEvent change)
    {
        if (change.Type == "BOOKMARK")
        {
            if (_bookmarks)
            {
                await WriteAsync("BOOKMARK", new JsonObject
                {
                    ["kind"] = table.Resource.Type.Kind,
                    ["apiVersion"] = table.Resource.Type.ApiVersion,
                    ["metadata"] = new JsonObject { ["resourceVersion"] = change.Revision.ToString(CultureInfo.InvariantCulture) },
                });
            }

            return false;
        }

        if (change.SeenThrough(selector, request.Namespace) is not { } type)
        {
            return false;
        }

        var item = change.Object;
        if (type == "DELETED" && change.Type != "DELETED")
        {
            // It only left the selection. The watcher gets what it was, with the version of now.
            item = (JsonObject)change.Before!.DeepClone();
            item["metadata"]!["resourceVersion"] = change.Revision.ToString(CultureInfo.InvariantCulture);
        }

        await WriteAsync(type, item);
        _sent++;
        return await MeetFaultAsync();
    }

    private async Task<bool> MeetFaultAsync()
    {
        if (_fault is null || _sent < _fault.Events)
        {
            return false;
        }

        var met = _fault;
        _fault = null;
        if (met.Line is not null)
        {
            await connection.WriteChunkAsync(Encoding.UTF8.GetBytes(met.Line + "\n"));
        }

        switch (met.Kind)
        {
            case FaultKind.CutWatch:
                connection.Cut();
                return true;
            case FaultKind.EndWatch:
                await connection.EndChunksAsync();
                return true;
            default:
                return false;
        }
    }

    private Task WriteAsync(string type, JsonObject item) =>
        connection.WriteChunkAsync(Encoding.UTF8.GetBytes($"{{\"type\":\"{type}\",\"object\":{item.ToJsonString()}}}\n"));
}
