namespace ConntrackOperator.TestKit;

/// <summary>A request that the fake API server received.</summary>
/// <param name="Verb">As in RBAC: get, list, watch, create, update, patch, delete; empty for other paths.</param>
public sealed record RequestRecord(
    DateTimeOffset At,
    string Method,
    string Path,
    IReadOnlyDictionary<string, string> Query,
    string Verb,
    string? Plural,
    string? Namespace,
    string? Name,
    string? Subresource,
    string? ContentType,
    string Body,
    string? User);
