namespace ConntrackOperator.Planning.Advice.Facts;

/// <summary>The entries of one protocol in one state.</summary>
public sealed record StateFacts
{
    /// <summary>The protocol's name in lower case, such as tcp, or its number.</summary>
    public required string Protocol { get; init; }

    /// <summary>The state, such as ESTABLISHED; UNREPLIED, REPLIED or STREAM for UDP and GRE; empty where there is none.</summary>
    public required string State { get; init; }

    /// <summary>How many entries of the table that is, about.</summary>
    public required long Entries { get; init; }

    /// <summary>
    /// The sysctl that is their time-out, such as nf_conntrack_tcp_timeout_established; null where the kernel's is fixed.
    /// </summary>
    public string? Sysctl { get; init; }

    /// <summary>What it is set to, in seconds; null when not known.</summary>
    public long? TimeoutSeconds { get; init; }

    /// <summary>
    /// About how many of <see cref="Entries"/> have been idle for at least so long, by the least that they can have been; null when idle
    /// times are not known.
    /// </summary>
    public Func<TimeSpan, long>? IdleAtLeast { get; init; }
}
