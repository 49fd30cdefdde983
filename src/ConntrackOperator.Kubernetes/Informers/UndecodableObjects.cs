using System.Collections.Concurrent;
using ConntrackOperator.Kubernetes.Logging;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>The objects of one kind whose newest state does not fit the type. One writer, any number of readers.</summary>
internal sealed class UndecodableObjects(string kind, ILogger log, TimeProvider time)
{
    // Who writes what can't be read may do so many times a second.
    private static readonly TimeSpan _warnEvery = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<ObjectKey, string> _marks = new();
    private readonly Dictionary<ObjectKey, long> _warnedAt = [];

    /// <summary>What does not fit, by object.</summary>
    public IReadOnlyDictionary<ObjectKey, string> Marks => _marks;

    /// <summary>Marks an object, with a warning once a minute at most.</summary>
    /// <returns>Whether that is news.</returns>
    public bool Mark(ObjectKey key, string message)
    {
        var isNews = !_marks.ContainsKey(key);
        _marks[key] = message;
        if (!_warnedAt.TryGetValue(key, out var at) || time.GetElapsedTime(at) >= _warnEvery)
        {
            _warnedAt[key] = time.GetTimestamp();
            log.ObjectUndecodable(kind, key.ToString(), message);
        }

        return isNews;
    }

    /// <summary>The object fits again; it is remembered when it was warned of.</summary>
    public void Clear(ObjectKey key) => _marks.TryRemove(key, out _);

    /// <summary>The object is gone.</summary>
    public void Forget(ObjectKey key)
    {
        Clear(key);
        _warnedAt.Remove(key);
    }

    /// <summary>These are all there are.</summary>
    public void Set(IReadOnlyDictionary<ObjectKey, string> marked)
    {
        foreach (var key in _warnedAt.Keys.Concat(_marks.Keys).Where(key => !marked.ContainsKey(key)).ToList())
        {
            Forget(key);
        }

        foreach (var (key, message) in marked)
        {
            Mark(key, message);
        }
    }
}
