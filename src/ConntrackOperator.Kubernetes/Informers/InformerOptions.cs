namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>What a <see cref="Informer{T}"/> watches, and how patiently.</summary>
public sealed record InformerOptions
{
    /// <summary>One namespace; null: all of them, or a cluster-scoped kind.</summary>
    public string? Namespace { get; init; }

    /// <summary>A label selector in its string form.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>A field selector, such as <c>metadata.name=node-7</c>.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>The most objects in a page of the list. 500.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>Objects in the first page, of which it is not known yet what they weigh. 50.</summary>
    public int FirstPageSize { get; init; } = 50;

    /// <summary>What a page shall weigh, in bytes: the objects before it tell how many that are. A page is in memory whole, beside what
    /// is made of it. 1 MiB.</summary>
    public int PageBytes { get; init; } = 1024 * 1024;

    /// <summary>After what time the server ends a watch, give or take 5 % by chance. 290 s.</summary>
    public TimeSpan WatchTimeout { get; init; } = TimeSpan.FromSeconds(290);

    /// <summary>How much longer than <see cref="WatchTimeout"/> a watch may be silent before it is given up. 5 s.</summary>
    public TimeSpan IdleGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The wait after a first failure. It doubles with each further one, up to <see cref="MaxBackOff"/>, and
    /// varies by chance by up to half. 0.8 s.</summary>
    public TimeSpan MinBackOff { get; init; } = TimeSpan.FromMilliseconds(800);

    /// <summary>The longest wait after a failure. 30 s.</summary>
    public TimeSpan MaxBackOff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a watch has to hold before an earlier failure is forgotten. 1 minute.</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromMinutes(1);
}
