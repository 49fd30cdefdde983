namespace ConntrackOperator.Kubernetes.Client;

/// <summary>The limits of an <see cref="ApiClient"/>.</summary>
public sealed record ApiClientOptions
{
    /// <summary>How long a call may take, with its answer's body and the retries that the server asked for. For a
    /// watch: until its headers are here. 30 s.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a call is sent again when the server says 429 or 503 with a Retry-After that fits into the
    /// time limit. 3.</summary>
    public int Retries { get; init; } = 3;

    /// <summary>The largest object that is accepted, in bytes. 8 MiB: etcd's limit is 1.5 MiB, more is a mistake.</summary>
    public int MaxObjectBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>The largest page of a list that is accepted, in bytes. 256 MiB.</summary>
    public int MaxListBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary>What the server's audit log shows: <c>program/version</c>.</summary>
    public string UserAgent { get; init; } = "conntrack-operator";

    /// <summary>Called when the server answers 401, before the call is sent once more: forget the token.</summary>
    public Action? Unauthorized { get; init; }
}
