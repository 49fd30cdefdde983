using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Culprits;

/// <summary>
/// The files that sysctl --system and systemd-sysctl apply at boot: those of five directories by name, each name from the first
/// directory that has it and none that begins with a dot, then /etc/sysctl.conf, which systemd-sysctl reads only where a link in one of
/// them names it; and ufw's, which it applies when it starts.
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
    public string? Find(string name, long? found)
    {
        // What is in force after boot, or else a file that somebody loads by itself (sysctl -p FILE).
        var lines = All(atBoot: false);
        var paths = SysctlText.Paths(name);
        return lines.FindAll(l => l.Line is { IsPattern: false, Value: not null } && paths.Contains(l.Line.Key))
            .Concat(SysctlText.Effective(lines, l => l.Line, name)).LastOrDefault(l => Sets(l.Line, name, found)).File;
    }

    /// <summary>What a key is set to at boot, and by which file.</summary>
    /// <param name="name">The sysctl's name under net.netfilter.</param>
    /// <returns>Null: no file that can be read sets it, or what it says is no number.</returns>
    public (string File, long Value)? AtBoot(string name) =>
        SysctlText.Held(SysctlText.Effective(All(atBoot: true), l => l.Line, name), l => l.Line, name)
            is { Value: { } value } held ? (held.Line.File, value) : null;

    /// <summary>ufw's file, when ufw is not known to be switched off.</summary>
    /// <inheritdoc cref="Find"/>
    public string? FindUfw(string name, long? found)
    {
        var paths = SysctlText.Paths(name);
        return Ufw().Where(l => l.Line.Value is not null && paths.Any(l.Line.Matches) && Sets(l.Line, name, found)).Select(l => l.File)
            .FirstOrDefault();
    }

    /// <summary>What ufw sets a key to when it starts, and by which file; null: nothing.</summary>
    public (string File, long Value)? UfwStart(string name)
    {
        var paths = SysctlText.Paths(name);
        return Ufw().Where(l => l.Line.Value is not null && paths.Any(l.Line.Matches)).ToList() is [.., var last]
            && SysctlLine.Number(last.Line.Value) is { } value
            ? (last.File, value) : null;
    }

    // Its scripts read /etc/default/ufw and then ufw.conf as a shell does, and apply IPT_SYSCTL unless it is empty, when ENABLED is yes or
    // YES (ufw-init-functions). What can't be read from here may be as it was installed.
    private IEnumerable<(string File, SysctlLine Line)> Ufw()
    {
        var (defaults, settings) = (files.Lines("etc/default/ufw"), files.Lines("etc/ufw/ufw.conf"));
        if (settings is not null && Variable([.. defaults ?? [], .. settings], "ENABLED") is not ("yes" or "YES"))
        {
            return [];
        }

        var path = Variable([.. defaults ?? [], .. settings ?? []], "IPT_SYSCTL") ?? (defaults is null ? UfwFile : string.Empty);
        path = path.TrimStart('/');
        return path.Length == 0 ? [] : Lines(path).Select(line => ("/" + path, line));
    }

    // NAME=value, the last one, without quotes and a comment behind it.
    private static string? Variable(string[] lines, string name)
    {
        var value = lines.Select(l => l.Trim()).Select(l => l.StartsWith("export ", StringComparison.Ordinal) ? l[7..].TrimStart() : l)
            .LastOrDefault(l => l.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
        return value is [('"' or '\'') and var quote, .. var rest] && rest.IndexOf(quote, StringComparison.Ordinal) is >= 0 and var end
            ? rest[..end] : value?.Split([' ', '\t', ';'], 2)[0];
    }

    /// <summary>Whether writing that value gives what was found: the kernel rounds the buckets up.</summary>
    internal static bool Gives(string name, long? value, long? found) => found is null
        || (value is { } number && (number == found || (name == SysctlNames.Buckets && Buckets.Round(number) == found)));

    private static bool Sets(SysctlLine line, string name, long? found) => Gives(name, SysctlLine.Number(line.Value), found);

    private List<(string File, SysctlLine Line)> All(bool atBoot) =>
        [.. Ordered(withMain: !atBoot || !files.IsDirectory("run/systemd/system"))
            .SelectMany(file => Lines(file).Select(line => (File: file, Line: line)))];

    private IEnumerable<string> Ordered(bool withMain)
    {
        var merged = files.Merged(_directories, ".conf");
        return (withMain ? merged.Append(MainFile) : merged).Select(path => "/" + path);
    }

    private IEnumerable<SysctlLine> Lines(string path) => SysctlText.Lines(files.Lines(path.TrimStart('/')) ?? []);
}
