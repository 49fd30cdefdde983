using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Culprits;

/// <summary>
/// The files that sysctl --system and systemd-sysctl apply at boot: those of five directories by name, each name from the first
/// directory that has it, then /etc/sysctl.conf; and ufw's, which it applies when it starts.
/// </summary>
internal sealed class SysctlFiles(HostFiles files)
{
    private const string MainFile = "etc/sysctl.conf";
    private const string UfwFile = "etc/ufw/sysctl.conf";

    // By precedence: man 5 sysctl.d, man 8 sysctl.
    private static readonly string[] _directories = [
        "etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d", "lib/sysctl.d"];

    /// <summary>The file that sets a key to what was found.</summary>
    /// <param name="name">The sysctl's name under net.netfilter.</param>
    /// <param name="found">The value; null: any.</param>
    /// <returns>Its path on the host; null: none that can be read does.</returns>
    public string? Find(string name, long? found) => Effective(name).FindLast(l => Sets(l.Line, name, found)).File;

    /// <summary>What a key is set to at boot, and by which file.</summary>
    /// <param name="name">The sysctl's name under net.netfilter.</param>
    /// <returns>Null: no file that can be read sets it, or what it says is no number.</returns>
    public (string File, long Value)? AtBoot(string name) =>
        Effective(name) is [.., var last] && SysctlLine.Number(last.Line.Value) is { } value ? (last.File, value) : null;

    private List<(string File, SysctlLine Line)> Effective(string name)
    {
        var lines = Ordered().SelectMany(file => Lines(file).Select(line => (File: file, Line: line))).ToList();
        var paths = Paths(name);

        // What is in force after boot, or else a file that somebody loads by itself (sysctl -p FILE).
        var named = lines.Where(l => l.Line is { Value: not null, IsPattern: false } && paths.Contains(l.Line.Key)).ToList();
        var excluded = lines.Any(l => l.Line.Value is null && paths.Any(l.Line.Matches));
        return named.Count > 0 || excluded
            ? named : lines.FindAll(l => l.Line is { Value: not null, IsPattern: true } && paths.Any(l.Line.Matches));
    }

    /// <summary>ufw's file, when ufw is not known to be switched off.</summary>
    /// <inheritdoc cref="Find"/>
    public string? FindUfw(string name, long? found)
    {
        var paths = Paths(name);
        return Ufw().Where(l => l.Line.Value is not null && paths.Any(l.Line.Matches) && Sets(l.Line, name, found)).Select(l => l.File)
            .FirstOrDefault();
    }

    /// <summary>What ufw sets a key to when it starts, and by which file; null: nothing.</summary>
    public (string File, long Value)? UfwStart(string name)
    {
        var paths = Paths(name);
        return Ufw().Where(l => l.Line.Value is not null && paths.Any(l.Line.Matches)).ToList() is [.., var last]
            && SysctlLine.Number(last.Line.Value) is { } value
            ? (last.File, value) : null;
    }

    private IEnumerable<(string File, SysctlLine Line)> Ufw()
    {
        if (files.Lines("etc/ufw/ufw.conf") is { } settings
            && settings.Any(l => l.Trim().Equals("ENABLED=no", StringComparison.OrdinalIgnoreCase)))
        {
            return [];
        }

        const string variable = "IPT_SYSCTL=";
        var path = files.Lines("etc/default/ufw")?.LastOrDefault(
            l => l.StartsWith(variable, StringComparison.Ordinal))?[variable.Length..].Trim().Trim('"', '\'').TrimStart('/');
        path = string.IsNullOrEmpty(path) ? UfwFile : path;
        return Lines(path).Select(line => ("/" + path, line));
    }

    /// <summary>Whether writing that value gives what was found: the kernel rounds the buckets up.</summary>
    internal static bool Gives(string name, long? value, long? found) => found is null
        || (value is { } number && (number == found || (name == SysctlNames.Buckets && Buckets.Round(number) == found)));

    private static bool Sets(SysctlLine line, string name, long? found) => Gives(name, SysctlLine.Number(line.Value), found);

    private static List<string> Paths(string name) =>
        name == SysctlNames.Max ? ["net/netfilter/" + name, "net/" + name] : ["net/netfilter/" + name];

    private IEnumerable<string> Ordered()
    {
        var byName = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var directory in _directories)
        {
            foreach (var file in files.Names(directory, ".conf"))
            {
                byName.TryAdd(file, directory + "/" + file);
            }
        }

        return byName.Values.Append(MainFile).Select(path => "/" + path);
    }

    private IEnumerable<SysctlLine> Lines(string path)
    {
        foreach (var text in files.Lines(path.TrimStart('/')) ?? [])
        {
            if (SysctlLine.TryParse(text, out var line))
            {
                yield return line;
            }
        }
    }
}
