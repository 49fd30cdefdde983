namespace ConntrackOperator.Planning.Advice.Findings;

/// <summary>One cause: what is seen, why it is that, whose it is, and what to do.</summary>
public sealed record Finding
{
    /// <summary>The cause.</summary>
    public required Cause Cause { get; init; }

    /// <summary>
    /// How pressing it is: for what takes room as the pressure on the table, for what loses packets with room to spare by itself.
    /// </summary>
    public required AdviceSeverity Severity { get; init; }

    /// <summary>How sure it is.</summary>
    public required Confidence Confidence { get; init; }

    /// <summary>One sentence: the cause, whose it is, the figures.</summary>
    public required string Text { get; init; }

    /// <summary>What is seen: numbers with their bounds.</summary>
    public IReadOnlyList<string> Seen { get; init; } = [];

    /// <summary>Why it is this cause.</summary>
    public required string Because { get; init; }

    /// <summary>Which others look alike, and what speaks against them.</summary>
    public IReadOnlyList<Rival> RuledOut { get; init; } = [];

    /// <summary>Whose it is.</summary>
    public IReadOnlyList<Party> Who { get; init; } = [];

    /// <summary>Entries of the table that the cause holds.</summary>
    public Bounds Entries { get; init; }

    /// <summary>Entries a second that it adds; null: not known.</summary>
    public Bounds? NewPerSecond { get; init; }

    /// <summary>What to do now, in the order that works.</summary>
    public IReadOnlyList<AdviceStep> Now { get; init; } = [];

    /// <summary>What to do for good, in order.</summary>
    public IReadOnlyList<AdviceStep> ForGood { get; init; } = [];

    /// <summary>The policy's field below spec that is part of it; null where none is.</summary>
    public string? Field { get; init; }

    /// <summary>That field's value as it is written in a policy; null exactly when <see cref="Field"/> is.</summary>
    public string? Value { get; init; }

    /// <summary>Entries gone after <see cref="Now"/>; null: none.</summary>
    public Bounds? Frees { get; init; }

    /// <summary>
    /// Seconds until the table is full again after <see cref="Now"/> alone, at today's rate; null: not again, or not known.
    /// </summary>
    public long? FullAgainSeconds { get; init; }

    /// <summary>Rate times time-out against the table; null where that is not the matter, or the rate is not known.</summary>
    public Demand? Enough { get; init; }

    /// <summary>Whether <see cref="Now"/> is enough for everybody else's connections.</summary>
    public bool Sufficient { get; init; } = true;

    /// <summary>What helps where nothing on this machine is enough; null where something is.</summary>
    public string? Elsewhere { get; init; }

    /// <summary>What the steps may break.</summary>
    public IReadOnlyList<string> MayBreak { get; init; } = [];

    /// <summary>What would make it surer.</summary>
    public IReadOnlyList<NotKnown> NotKnown { get; init; } = [];

    /// <summary>Where the cause is described.</summary>
    public string Runbook => $"docs/diagnosis.md#{Cause.ToString().ToLowerInvariant()}";
}
