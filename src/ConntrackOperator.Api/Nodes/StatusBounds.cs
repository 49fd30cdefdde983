namespace ConntrackOperator.Api.Nodes;

/// <summary>
/// The bounds that fields of <see cref="NodeStatus"/> share; the agent cuts its report to them, the API server refuses what is beyond.
/// </summary>
public static class StatusBounds
{
    /// <summary>The longest sentence, in characters.</summary>
    public const int Message = 1024;

    /// <summary>The longest word, name or address, in characters.</summary>
    public const int Word = 128;

    /// <summary>The most causes that are reported at a time.</summary>
    public const int Findings = 6;

    /// <summary>The most sentences, parties or steps of one kind in a finding.</summary>
    public const int FindingLines = 8;

    /// <summary>The most lines of one step.</summary>
    public const int StepLines = 48;

    /// <summary>The greatest count of anything, 2^48: the sum over thirty thousand nodes still fits into 64 bits.</summary>
    public const long Count = 1L << 48;

    /// <summary>
    /// The greatest value of a setting, and its least with a minus: below 2^63 the last number that a JSON schema's bound can name.
    /// </summary>
    public const long Value = long.MaxValue - 1023;
}
