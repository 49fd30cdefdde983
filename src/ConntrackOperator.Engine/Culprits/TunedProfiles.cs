namespace ConntrackOperator.Engine.Culprits;

/// <summary>The active profiles of tuned on a host, and those that they include (man 5 tuned.conf).</summary>
internal sealed class TunedProfiles(HostFiles files)
{
    // /etc before /usr/lib; from tuned 2.23 on in a folder of their own.
    private static readonly string[] _directories = ["etc/tuned/profiles", "etc/tuned", "usr/lib/tuned/profiles", "usr/lib/tuned"];

    /// <summary>The profile that sets a key to what was found.</summary>
    /// <param name="name">The sysctl's name under net.netfilter.</param>
    /// <param name="found">The value; null: any.</param>
    /// <returns>Its file on the host, and the profile that is active; null: none that can be read does.</returns>
    public (string File, string Active)? Find(string name, long? found) =>
        Effective(name) is { } line && SysctlFiles.Gives(name, SysctlLine.Number(line.Value), found) ? (line.File, line.Active) : null;

    /// <summary>What the active profile sets a key to; null: nothing, or no number.</summary>
    /// <param name="name">The sysctl's name under net.netfilter.</param>
    public (string File, long Value)? Sets(string name) =>
        Effective(name) is { } line && SysctlLine.Number(line.Value) is { } value ? (line.File, value) : null;

    private (string File, string Active, string Value)? Effective(string name)
    {
        // Of one that is loaded after those that were chosen tuned keeps the name in a file of its own.
        string[] active = [.. Names("etc/tuned/active_profile"), .. Names("etc/tuned/post_loaded_profile")];
        var paths = SysctlText.Paths(name);
        return TunedMerge.Sysctls(active, Places).LastOrDefault(s => paths.Contains(s.Key)) is { } setting
            ? (setting.Source, string.Join(' ', active), setting.Value) : null;
    }

    private string[] Names(string file) =>
        string.Join(' ', files.Lines(file) ?? []).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private IEnumerable<(string Source, string[] Lines)> Places(string profile)
    {
        foreach (var directory in _directories)
        {
            var path = $"{directory}/{profile}/tuned.conf";
            if (files.Lines(path) is { } lines)
            {
                yield return ("/" + path, lines);
            }
        }
    }
}
