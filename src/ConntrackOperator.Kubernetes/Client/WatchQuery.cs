namespace ConntrackOperator.Kubernetes.Client;

/// <summary>What to watch, from where, for how long.</summary>
public sealed record WatchQuery
{
    /// <summary>A label selector in its string form.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>A field selector, such as <c>metadata.name=node-7</c>.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>The version after which events are wanted: a list's, or the last event's or bookmark's.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>When the server is to end the watch; whole seconds, at least 1. 290 s unless said otherwise.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(290);

    /// <summary>How long nothing at all may arrive before the watch is given up; null: <see cref="Timeout"/> and 5 s.
    /// A live server has ended the watch by then, so a longer silence is a connection that nobody serves.</summary>
    public TimeSpan? IdleLimit { get; init; }

    /// <summary>Whether the server may send bookmarks. On unless said otherwise.</summary>
    public bool Bookmarks { get; init; } = true;

    internal TimeSpan EffectiveIdleLimit => IdleLimit ?? Timeout + TimeSpan.FromSeconds(5);

    internal string ToQueryString() => new QueryString()
        .Add("watch", "true")
        .Add("labelSelector", LabelSelector)
        .Add("fieldSelector", FieldSelector)
        .Add("resourceVersion", ResourceVersion)
        .Add("allowWatchBookmarks", Bookmarks ? "true" : null)
        .Add("timeoutSeconds", Math.Max(1, (int)Timeout.TotalSeconds))
        .ToString();
}
