namespace ConntrackOperator.Engine.Culprits;

/// <summary>The active profile of tuned, and those that it includes (man 5 tuned.conf).</summary>
internal sealed class TunedProfiles(HostFiles files)
{
    private const int MostProfiles = 32;

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
        if (files.Lines("etc/tuned/active_profile") is not { } lines)
        {
            return null;
        }

        var active = string.Join(' ', lines).Trim();
        var seen = new HashSet<string>(StringComparer.Ordinal);

        // What includes overrides what is included, and of several profiles the last wins.
        var queue = new Queue<string>(active.Split(' ', StringSplitOptions.RemoveEmptyEntries).Reverse());
        while (queue.TryDequeue(out var profile) && seen.Count < MostProfiles)
        {
            if (!IsName(profile) || !seen.Add(profile) || Read(profile) is not { } file)
            {
                continue;
            }

            var (value, includes) = Search(file.Lines, name);
            if (value is not null)
            {
                return ("/" + file.Path, active, value);
            }

            includes.ForEach(queue.Enqueue);
        }

        return null;
    }

    private static bool IsName(string profile) => !profile.Contains('/', StringComparison.Ordinal) && profile is not ("." or "..");

    private (string Path, string[] Lines)? Read(string profile)
    {
        foreach (var directory in _directories)
        {
            var path = $"{directory}/{profile}/tuned.conf";
            if (files.Lines(path) is { } lines)
            {
                return (path, lines);
            }
        }

        return null;
    }

    private static (string? Value, List<string> Includes) Search(string[] lines, string name)
    {
        var (section, value, includes) = ("", (string?)null, new List<string>());
        foreach (var text in lines)
        {
            var trimmed = text.Trim();
            if (trimmed is ['[', .., ']'])
            {
                section = trimmed[1..^1].Trim();
            }
            else if (SysctlLine.TryParse(trimmed, out var line) && line.Value is not null)
            {
                if (section == "main" && line.Key == "include")
                {
                    includes.AddRange(line.Value.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries));
                }
                else if (section == "sysctl" && (line.Key == "net/netfilter/" + name || line.Key == "net/" + name))
                {
                    // '>' and '<' write only what is more, or less, than what is there.
                    value = line.Value.TrimStart('>', '<', '=').Trim('"');
                }
            }
        }

        return (value, includes);
    }
}
