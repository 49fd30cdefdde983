namespace ConntrackOperator.Kubernetes.Health;

/// <summary>What a connection of the health endpoint is at, the least useful first.</summary>
internal enum ConnectionUse
{
    /// <summary>It has sent nothing.</summary>
    Silent,

    /// <summary>It has sent a part of a request.</summary>
    Asking,

    /// <summary>It had an answer and may ask again.</summary>
    Kept,

    /// <summary>It is being answered.</summary>
    Answering,
}
