namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>One thing that a rule found.</summary>
internal sealed record DoctorFinding
{
    /// <summary>The rule's name, as <c>--ignore</c> takes it.</summary>
    public required string Rule { get; init; }

    public required DoctorSeverity Severity { get; init; }

    /// <summary>What is wrong, in a sentence with figures.</summary>
    public required string What { get; init; }

    /// <summary>Why that is so, and what follows from it.</summary>
    public required string Why { get; init; }

    /// <summary>What to do; null: nothing.</summary>
    public string? Do { get; init; }

    /// <summary>What to paste for that: a command, or a part of a configuration; whole lines.</summary>
    public string? Snippet { get; init; }

    /// <summary>The nodes that it is about; empty: the cluster, or the machine, as a whole.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];
}
