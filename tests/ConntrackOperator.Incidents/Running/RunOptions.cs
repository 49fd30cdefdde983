namespace ConntrackOperator.Incidents.Running;

/// <summary>How an incident is run.</summary>
internal sealed record RunOptions
{
    /// <summary>The program that is tested.</summary>
    internal required string Cli { get; init; }

    /// <summary>For how long legitimate losses are counted, from ten seconds after the fix.</summary>
    internal TimeSpan After { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Only what is robust on a busy machine decides over the exit code.</summary>
    internal bool Short { get; init; }

    /// <summary>Whether the advised commands are run.</summary>
    internal bool Fix { get; init; } = true;

    /// <summary>Where what the program said is kept, a file an incident; null: nowhere.</summary>
    internal string? Keep { get; init; }
}
