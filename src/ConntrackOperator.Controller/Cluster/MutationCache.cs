using System.Collections.Concurrent;
using System.Globalization;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>
/// What the controller wrote last, by name: the watch may not have shown it yet, and a decision made on the state before one's
/// own write repeats it or takes it back.
/// </summary>
internal sealed class MutationCache<T>(TimeProvider time)
    where T : class, IKubernetesObject
{
    // A watch that is further behind than this is broken, or the server's storage was set back: then what is seen counts.
    private static readonly TimeSpan _trust = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (T Item, long At)> _last = new(StringComparer.Ordinal);

    /// <summary>Takes the server's answer to a write.</summary>
    public void Wrote(string name, T item) => _last[name] = (item, time.GetTimestamp());

    public void Forget(string name) => _last.TryRemove(name, out _);

    /// <summary>
    /// The newer of what the watch has shown and what was written, which is forgotten as soon as the watch has got as far. What is not
    /// there any more stays so.
    /// </summary>
    public T? Newest(string name, T? seen)
    {
        if (seen is null || !_last.TryGetValue(name, out var own))
        {
            return seen;
        }

        if (time.GetElapsedTime(own.At) < _trust && Version(own.Item) > Version(seen))
        {
            return own.Item;
        }

        _last.TryRemove(KeyValuePair.Create(name, own));
        return seen;
    }

    // Resource versions of one resource type compare as whole numbers (KEP-5504); one that is no number is never newer.
    private static ulong Version(T item) =>
        ulong.TryParse(item.Metadata?.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;
}
