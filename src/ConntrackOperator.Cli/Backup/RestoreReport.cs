namespace ConntrackOperator.Cli.Backup;

/// <summary>How the machine differs from a backup, and what became of it.</summary>
internal sealed record RestoreReport
{
    public required bool DryRun { get; init; }

    /// <summary>Settings that differ; null when they were not asked for.</summary>
    public List<SettingDifference>? Settings { get; init; }

    /// <summary>Rule sets that differ; null when they were not asked for.</summary>
    public List<RuleDifference>? Rules { get; init; }

    public EntryDifference? Entries { get; init; }

    /// <summary>What will not stay as it is put back, and why.</summary>
    public required List<string> Notes { get; init; }

    /// <summary>What could not be put back, and why.</summary>
    public required List<string> Problems { get; init; }
}

/// <summary>A setting that differs.</summary>
internal sealed record SettingDifference(string Name, long? Before, long Saved)
{
    /// <summary>What the kernel holds afterwards; null in a dry run.</summary>
    public long? Now { get; init; }
}

/// <summary>A rule set that differs, counters aside.</summary>
/// <param name="Program">Whose it is.</param>
/// <param name="Removed">Lines that are there and are not in the backup.</param>
/// <param name="Added">Lines that are in the backup and not there.</param>
internal sealed record RuleDifference(string Program, List<string> Removed, List<string> Added);

/// <summary>How many entries of the backup there are.</summary>
/// <param name="Saved">In the backup.</param>
/// <param name="Missing">Of these, not in the table before.</param>
internal sealed record EntryDifference(int Saved, int Missing)
{
    /// <summary>Of these, still not there afterwards; null in a dry run.</summary>
    public int? StillMissing { get; init; }
}
