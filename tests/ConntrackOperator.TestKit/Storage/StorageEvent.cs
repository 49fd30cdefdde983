using System.Text.Json.Nodes;

namespace ConntrackOperator.TestKit.Storage;

/// <summary>One change; the objects are not changed any more.</summary>
internal sealed record StorageEvent(long Revision, string Type, JsonObject Object, JsonObject? Before)
{
    /// <summary>What somebody sees of it who watches a part; null: nothing.</summary>
    public string? SeenThrough(Selector selector, string? ns)
    {
        bool Sees(JsonObject? item) =>
            item is not null && (ns is null || item["metadata"]?["namespace"]?.GetValue<string>() == ns) && selector.Matches(item);

        var before = Type != "ADDED" && Sees(Before);
        var after = Type != "DELETED" && Sees(Object);
        return (before, after) switch
        {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            _ => null,
        };
    }
}
