namespace ConntrackOperator.Engine.State;

/// <summary>The file of the originals: worth something only for the boot, and the network namespace, that it names.</summary>
internal sealed record OriginalsFile
{
    public string? BootId { get; init; }

    public string? NetworkNamespace { get; init; }

    public Dictionary<string, OriginalValue>? Originals { get; init; }
}
