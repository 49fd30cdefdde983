namespace ConntrackOperator.Cluster;

/// <summary>How much may be asked, and for how long answers are believed.</summary>
public sealed record AddressOwnerOptions
{
    /// <summary>How long an answer is believed, that nobody has an address too: addresses of pods are given to others. 1 minute.</summary>
    public TimeSpan Believed { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How many answers are remembered. 256.</summary>
    public int Remembered { get; init; } = 256;

    /// <summary>How long all questions of one call may take. 3 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long nothing is asked after the API server did not answer, or refused. 1 minute.</summary>
    public TimeSpan QuietAfterFailure { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an answer is told while it is asked for anew; null: as long as it is believed.</summary>
    public TimeSpan? Told { get; init; }

    /// <summary>Questions a minute at most.</summary>
    public int MostInAMinute { get; init; } = int.MaxValue;

    /// <summary>Questions a minute about one node's pods at most, so that none takes the others' share.</summary>
    public int MostOfANode { get; init; } = int.MaxValue;
}
