using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Nodes;

/// <summary>One cause why the table fills up or loses packets: what is seen, why it is that, whose it is, and what to do.</summary>
public sealed record NodeFinding
{
    /// <summary>The cause, such as TableTooSmall: docs/diagnosis.md has a chapter for each.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Cause { get; init; }

    /// <summary>How pressing it is.</summary>
    [AllowedValues("Hint", "Warning", "Critical")]
    public string? Severity { get; init; }

    /// <summary>How sure it is.</summary>
    [AllowedValues("Suspected", "Likely", "Certain")]
    public string? Confidence { get; init; }

    /// <summary>One sentence: the cause, whose it is, the figures.</summary>
    [MaxLength(StatusBounds.Message)]
    public string? Text { get; init; }

    /// <summary>What is seen: numbers with their bounds.</summary>
    [MaxItems(StatusBounds.FindingLines), MaxLength(StatusBounds.Message)]
    public List<string>? Seen { get; init; }

    /// <summary>Why it is this cause.</summary>
    [MaxLength(StatusBounds.Message)]
    public string? Because { get; init; }

    /// <summary>Which others look alike, and what speaks against them.</summary>
    [MaxItems(StatusBounds.FindingLines)]
    public List<FindingRival>? RuledOut { get; init; }

    /// <summary>Whose it is.</summary>
    [MaxItems(StatusBounds.FindingLines)]
    public List<FindingParty>? Who { get; init; }

    /// <summary>Entries of the table that it holds.</summary>
    public FindingRange? Entries { get; init; }

    /// <summary>Entries a second that it adds; left out where that is not known.</summary>
    public FindingRange? NewPerSecond { get; init; }

    /// <summary>What to do now, in the order that works.</summary>
    [MaxItems(StatusBounds.FindingLines)]
    public List<FindingStep>? Now { get; init; }

    /// <summary>What to do for good, in order.</summary>
    [MaxItems(StatusBounds.FindingLines)]
    public List<FindingStep>? ForGood { get; init; }

    /// <summary>The policy's field below spec that is part of it; left out where none is.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Field { get; init; }

    /// <summary>That field's value as it is written in a policy.</summary>
    [MaxLength(StatusBounds.Word)]
    public string? Value { get; init; }

    /// <summary>Entries gone after what is to be done now; left out: none.</summary>
    public FindingRange? Frees { get; init; }

    /// <summary>Seconds until the table is full again after that alone, at today's rate; left out: not again, or not known.</summary>
    [Range(0, StatusBounds.Count)]
    public long? FullAgainSeconds { get; init; }

    /// <summary>Rate times time-out against the table; left out where that is not the matter.</summary>
    public FindingDemand? Enough { get; init; }

    /// <summary>Whether what is to be done now is enough for everybody else's connections.</summary>
    public bool? Sufficient { get; init; }

    /// <summary>What helps where nothing on the node is enough.</summary>
    [MaxLength(StatusBounds.Message)]
    public string? Elsewhere { get; init; }

    /// <summary>What the steps may break.</summary>
    [MaxItems(StatusBounds.FindingLines), MaxLength(StatusBounds.Message)]
    public List<string>? MayBreak { get; init; }

    /// <summary>What would make it surer.</summary>
    [MaxItems(StatusBounds.FindingLines)]
    public List<FindingQuestion>? NotKnown { get; init; }
}
