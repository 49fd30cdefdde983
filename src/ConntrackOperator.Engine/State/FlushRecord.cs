namespace ConntrackOperator.Engine.State;

/// <summary>What the disk knows of one flush. Written before the first entry is deleted, and again at the end.</summary>
internal sealed record FlushRecord
{
    public string? Uid { get; init; }

    /// <summary>Null while it runs.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    public long Matched { get; init; }

    public long Deleted { get; init; }

    /// <summary>True where both are approximate.</summary>
    public bool? Approximate { get; init; }

    public string? Error { get; init; }
}
