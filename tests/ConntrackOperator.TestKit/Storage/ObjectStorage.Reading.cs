using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace ConntrackOperator.TestKit.Storage;

internal sealed partial class ObjectStorage
{
    /// <summary>One page; the pages of one list are of one moment.</summary>
    public JsonObject List(ResourceTable table, string? ns, Selector selector, int? limit, string? token)
    {
        lock (_lock)
        {
            Pages pages;
            if (token is null)
            {
                var matching = table.Objects.Values.Select(stored => stored.Object)
                    .Where(item => (ns is null || item["metadata"]!["namespace"]?.GetValue<string>() == ns) && selector.Matches(item));
                pages = new(_revision, [.. matching]);
            }
            else
            {
                pages = _pages.GetValueOrDefault(token)
                    ?? throw ApiProblem.Expired("The provided continue parameter is too old to display a consistent list result.");
            }

            var metadata = new JsonObject { ["resourceVersion"] = pages.Revision.ToString(CultureInfo.InvariantCulture) };
            var page = pages.Left;
            if (limit is > 0 && page.Count > limit)
            {
                var rest = page[limit.Value..];
                page = page[..limit.Value];
                var next = $"{pages.Revision}-{rest.Count}-{Guid.NewGuid():N}";
                _pages[next] = new(pages.Revision, rest);
                metadata["continue"] = next;
                metadata["remainingItemCount"] = rest.Count;
            }

            return new()
            {
                ["kind"] = table.Resource.Type.Kind + "List",
                ["apiVersion"] = table.Resource.Type.ApiVersion,
                ["metadata"] = metadata,
                ["items"] = new JsonArray([.. page.Select(item => item.DeepClone())]),
            };
        }
    }

    /// <summary>What happened since a version, and a channel with what happens from then on.</summary>
    /// <exception cref="ApiProblem">The version is too old, or newer than anything.</exception>
    public (IReadOnlyList<StorageEvent> Past, Channel<StorageEvent> Future) Watch(ResourceTable table, string? version)
    {
        lock (_lock)
        {
            IReadOnlyList<StorageEvent> past;
            if (version is null or "" or "0")
            {
                past = [.. table.Objects.Values.Select(stored => new StorageEvent(_revision, "ADDED", stored.Object, null))];
            }
            else
            {
                if (!long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var since))
                {
                    throw ApiProblem.BadRequest($"Invalid value: \"{version}\": invalid resource version");
                }

                if (since < _compacted)
                {
                    throw ApiProblem.Expired($"too old resource version: {since} ({_compacted})");
                }

                if (since > _revision)
                {
                    throw new ApiProblem(504, "Timeout", $"Too large resource version: {since}, current: {_revision}")
                    {
                        Cause = "ResourceVersionTooLarge",
                    };
                }

                past = [.. table.Log.Where(change => change.Revision > since)];
            }

            var future = Channel.CreateUnbounded<StorageEvent>();
            table.Watches.Add(future);
            return (past, future);
        }
    }

    public void Unwatch(ResourceTable table, Channel<StorageEvent> watch)
    {
        lock (_lock)
        {
            table.Watches.Remove(watch);
        }
    }

    public int Watches(ResourceTable table)
    {
        lock (_lock)
        {
            return table.Watches.Count;
        }
    }

    /// <summary>Tells all watches how far it is, as a bookmark.</summary>
    public void Bookmark()
    {
        lock (_lock)
        {
            foreach (var table in _tables.Values)
            {
                foreach (var watch in table.Watches)
                {
                    watch.Writer.TryWrite(new(_revision, "BOOKMARK", [], null));
                }
            }
        }
    }

    /// <summary>Tells one watch how far it is.</summary>
    public void Bookmark(Channel<StorageEvent> watch)
    {
        lock (_lock)
        {
            watch.Writer.TryWrite(new(_revision, "BOOKMARK", [], null));
        }
    }

    private sealed record Pages(long Revision, List<JsonObject> Left);
}
