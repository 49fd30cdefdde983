using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>
/// What a watch knows of the objects of one kind. Reads see one state and never wait; a new list appears at once, whole.
/// </summary>
/// <remarks>One writer, any number of readers. The objects are shared: nobody changes them.</remarks>
public sealed class ObjectStore<T>
    where T : class, IKubernetesObject
{
    private volatile ImmutableDictionary<ObjectKey, T> _items = ImmutableDictionary<ObjectKey, T>.Empty;

    /// <summary>How many objects there are.</summary>
    public int Count => _items.Count;

    /// <summary>All objects as they are at this moment, in no order.</summary>
    public IReadOnlyDictionary<ObjectKey, T> Snapshot => _items;

    /// <summary>Finds an object.</summary>
    public bool TryGet(ObjectKey key, [NotNullWhen(true)] out T? item) => _items.TryGetValue(key, out item);

    /// <summary>Finds an object by name: a cluster-scoped one if no namespace is given.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out T? item, string? namespaceName = null) =>
        TryGet(new(namespaceName, name), out item);

    /// <summary>Takes an object in. A different UID under a known name is another object: the old one was deleted.</summary>
    /// <returns>What changed: nothing, one change, or a deletion and an addition.</returns>
    internal IReadOnlyList<WatchChange<T>> Set(T item)
    {
        var key = ObjectKey.Of(item);
        _items.TryGetValue(key, out var old);
        _items = _items.SetItem(key, item);
        var changes = new List<WatchChange<T>>(1);
        Compare(key, old, item, changes);
        return changes;
    }

    /// <summary>Takes an object out.</summary>
    /// <param name="last">Its last state, which may be newer than what the store held.</param>
    internal IReadOnlyList<WatchChange<T>> Remove(T last)
    {
        var key = ObjectKey.Of(last);
        if (!_items.ContainsKey(key))
        {
            return [];
        }

        _items = _items.Remove(key);
        return [new(WatchChangeKind.Deleted, key, last, null)];
    }

    /// <summary>Puts a whole new list in the place of what was there.</summary>
    /// <param name="list">All objects that exist and could be read.</param>
    /// <param name="unreadable">Objects that exist as well: what the store holds of them stays.</param>
    internal IReadOnlyList<WatchChange<T>> Swap(IEnumerable<T> list, IEnumerable<ObjectKey> unreadable)
    {
        var before = _items;
        var builder = ImmutableDictionary.CreateBuilder<ObjectKey, T>();
        foreach (var item in list)
        {
            builder[ObjectKey.Of(item)] = item;
        }

        foreach (var key in unreadable)
        {
            if (!builder.ContainsKey(key) && before.TryGetValue(key, out var old))
            {
                builder[key] = old;
            }
        }

        var after = builder.ToImmutable();
        _items = after;
        var changes = new List<WatchChange<T>>();
        foreach (var (key, old) in before)
        {
            if (!after.ContainsKey(key))
            {
                changes.Add(new(WatchChangeKind.Deleted, key, old, null));
            }
        }

        foreach (var (key, item) in after)
        {
            Compare(key, before.GetValueOrDefault(key), item, changes);
        }

        return changes;
    }

    private static void Compare(ObjectKey key, T? old, T item, List<WatchChange<T>> changes)
    {
        if (old is null)
        {
            changes.Add(new(WatchChangeKind.Added, key, null, item));
        }
        else if (old.Metadata?.Uid != item.Metadata?.Uid)
        {
            changes.Add(new(WatchChangeKind.Deleted, key, old, null));
            changes.Add(new(WatchChangeKind.Added, key, null, item));
        }
        else if (item.Metadata?.ResourceVersion is null || old.Metadata?.ResourceVersion != item.Metadata.ResourceVersion)
        {
            changes.Add(new(WatchChangeKind.Modified, key, old, item));
        }
    }
}
