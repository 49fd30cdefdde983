namespace ConntrackOperator.Kubernetes.Client;

/// <summary>What to list. Everything left out is left to the server: no selector, no limit, the newest state.</summary>
public sealed record ListQuery
{
    /// <summary>A label selector in its string form, such as <c>app=agent,zone in (a,b)</c>.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>A field selector, such as <c>metadata.name=node-7</c>.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>The most objects in a page.</summary>
    public int? Limit { get; init; }

    /// <summary>The token that the page before gave.</summary>
    public string? Continue { get; init; }

    /// <summary>Left out: a consistent read. <c>0</c>: whatever the server has cached.</summary>
    public string? ResourceVersion { get; init; }

    internal string ToQueryString() => new QueryString()
        .Add("labelSelector", LabelSelector)
        .Add("fieldSelector", FieldSelector)
        .Add("limit", Limit)
        .Add("continue", Continue)
        // The server refuses a continue token together with a resource version.
        .Add("resourceVersion", Continue is null ? ResourceVersion : null)
        .ToString();
}
