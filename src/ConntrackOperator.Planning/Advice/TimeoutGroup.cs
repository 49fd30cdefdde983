namespace ConntrackOperator.Planning.Advice;

/// <summary>All entries that live by one time-out, and the shorter one that is worth having.</summary>
internal sealed class TimeoutGroup
{
    // Of what the shortest safe time-out would free, the advised one frees at least this share: the rest is not worth the risk.
    private const double EnoughOfWhatCanBeFreed = 0.9;

    private readonly List<StateFacts> _states;

    private TimeoutGroup(string sysctl, List<StateFacts> states)
    {
        _states = states;
        Field = SettingCatalog.BySysctl[sysctl].Path;
        Name = TimeoutFloors.NameOf(sysctl)!;
        Entries = states.Sum(state => Math.Max(0, state.Entries));
        UnrepliedEntries = states.Sum(state => state.Entries * state.UnrepliedPercent / 100);
        TimeoutSeconds = states.Max(state => state.TimeoutSeconds) ?? 0;
        var steps = TimeoutFloors.Below(sysctl, TimeoutSeconds).ToList();
        var most = steps.Count == 0 ? 0 : IdleAtLeast(steps[^1]);
        Seconds = steps.Count == 0 ? null : steps.First(step => IdleAtLeast(step) >= most * EnoughOfWhatCanBeFreed);
        Freed = Seconds is { } shorter ? IdleAtLeast(shorter) : 0;
    }

    /// <summary>The policy's field.</summary>
    internal string Field { get; }

    /// <summary>What the entries are called.</summary>
    internal string Name { get; }

    /// <summary>The entries.</summary>
    internal long Entries { get; }

    /// <summary>Those of them without a reply.</summary>
    internal double UnrepliedEntries { get; }

    /// <summary>The time-out as it is; 0 when not known.</summary>
    internal long TimeoutSeconds { get; }

    /// <summary>The longest safe time-out that frees about as much as the shortest would; null when it is short enough.</summary>
    internal long? Seconds { get; }

    /// <summary>About how many entries that would free.</summary>
    internal long Freed { get; }

    /// <summary>The share of the entries that it would free, 0 to 1.</summary>
    internal double FreedShare => Entries == 0 ? 0 : (double)Freed / Entries;

    /// <summary>Groups the states of a table, by field.</summary>
    internal static List<TimeoutGroup> Of(TableFacts facts) =>
    [
        .. facts.States
            .Where(state => state.Sysctl is not null && TimeoutFloors.NameOf(state.Sysctl) is not null)
            .GroupBy(state => state.Sysctl!, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new TimeoutGroup(group.Key, [.. group])),
    ];

    /// <summary>About how many of the entries have been idle for at least so long.</summary>
    internal long IdleAtLeast(long seconds) => _states.Sum(state =>
        Math.Clamp(state.IdleAtLeast?.Invoke(TimeSpan.FromSeconds(seconds)) ?? 0, 0, Math.Max(0, state.Entries)));
}
