namespace ConntrackOperator.Kubernetes.Client;

/// <summary>One page of a list.</summary>
/// <param name="Items">The objects that could be decoded, in the server's order.</param>
/// <param name="ResourceVersion">The version that the whole list, all its pages, stands for.</param>
/// <param name="Continue">The token for the next page; null on the last.</param>
/// <param name="Undecodable">Objects that do not fit the type. They exist: whoever takes a list for the whole truth
/// must not take them for deleted.</param>
public sealed record ListPage<T>(
    IReadOnlyList<T> Items,
    string? ResourceVersion,
    string? Continue,
    IReadOnlyList<UndecodableItem> Undecodable)
{
    /// <summary>What the page weighs, in bytes of JSON.</summary>
    public long Bytes { get; init; }
}
