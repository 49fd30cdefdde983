using ConntrackOperator.Netfilter.Idle;

namespace ConntrackOperator.Engine.State;

/// <summary>The file of the time-outs' histories.</summary>
internal sealed record TimeoutFileContent
{
    /// <summary>
    /// What this version writes; a file of a later one is left alone. One of version 1 is not believed: it dates what another process
    /// found first too late.
    /// </summary>
    public const int CurrentVersion = 2;

    public int Version { get; init; }

    /// <summary>Worth something only for this boot.</summary>
    public string? BootId { get; init; }

    /// <summary>By network namespace.</summary>
    public Dictionary<string, TimeoutHistory>? Namespaces { get; init; }
}
