namespace ConntrackOperator.TestKit;

/// <summary>What the fake API server was asked, in order.</summary>
public sealed class RequestLog
{
    private readonly Lock _lock = new();
    private readonly List<RequestRecord> _requests = [];

    public IReadOnlyList<RequestRecord> All
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests];
            }
        }
    }

    public int Count(string verb, string? plural = null, string? name = null) =>
        Count(request => request.Verb == verb
            && (plural is null || request.Plural == plural) && (name is null || request.Name == name));

    public int Count(Func<RequestRecord, bool> match) => All.Count(match);

    /// <summary>Requests that change something.</summary>
    public int Writes => Count(request => request.Verb is "create" or "update" or "patch" or "delete");

    public void Clear()
    {
        lock (_lock)
        {
            _requests.Clear();
        }
    }

    internal void Add(RequestRecord request)
    {
        lock (_lock)
        {
            _requests.Add(request);
        }
    }
}
