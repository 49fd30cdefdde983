namespace ConntrackOperator.Incidents.Advising;

/// <summary>Another network namespace's table.</summary>
internal sealed record OtherNamespace
{
    public long Inode { get; init; }

    public string? Name { get; init; }

    public long Entries { get; init; }
}
