namespace ConntrackOperator.Engine.State;

/// <summary>The last change of the hash table's size.</summary>
internal sealed record ResizeFile
{
    public string? BootId { get; init; }

    /// <summary>Milliseconds from boot to the change; null where the kernel did not tell.</summary>
    public long? UptimeMilliseconds { get; init; }

    /// <summary>Entries that were rehashed.</summary>
    public long Entries { get; init; }

    /// <summary>Buckets that were left behind.</summary>
    public long Buckets { get; init; }
}
