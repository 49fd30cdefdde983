namespace ConntrackOperator.Cli.Backup;

/// <summary>What of a backup is to be put back; nothing named means all that the file has.</summary>
internal readonly record struct RestoreParts(bool Settings, bool Rules, bool Entries)
{
    private bool Any => Settings || Rules || Entries;

    /// <exception cref="CliException">Something is named that the file has not.</exception>
    public RestoreParts For(BackupFile file, string path)
    {
        Require(Settings, file.Settings, "settings");
        Require(Rules, file.Rules, "rules");
        Require(Entries, file.Entries, "entries");
        return new RestoreParts(
            (Settings || !Any) && file.Settings is not null, (Rules || !Any) && file.Rules is not null,
            (Entries || !Any) && file.Entries is not null);

        void Require(bool named, object? part, string what)
        {
            if (named && part is null)
            {
                throw new CliException(ExitCode.BadInput, $"{path}: there are no {what} in this backup");
            }
        }
    }
}
