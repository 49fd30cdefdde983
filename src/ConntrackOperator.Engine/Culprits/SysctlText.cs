using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Culprits;

/// <summary>The text of one file of sysctls, by the grammar of sysctl.d(5).</summary>
public static class SysctlText
{
    private const string Directory = "net/netfilter/";

    /// <summary>The keys of connection tracking that it sets, and to what.</summary>
    /// <param name="text">The text.</param>
    /// <param name="known">Names under net.netfilter which patterns are tried with, beside those that the text itself names.</param>
    /// <returns>Names under net.netfilter, each once; the value is null where it is no number.</returns>
    public static IReadOnlyList<(string Name, long? Value)> Settings(string text, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = Lines(text.Split('\n')).ToList();
        return [.. lines.Where(l => !l.IsPattern).Select(l => Name(l.Key)).OfType<string>().Concat(known).Distinct()
            .Select(name => (Name: name, Lines: Effective(lines, l => l, name)))
            .Where(s => s.Lines.Count > 0)
            .Select(s => (s.Name, SysctlLine.Number(s.Lines[^1].Value)))];
    }

    /// <summary>The name under net.netfilter of a path under /proc/sys; null: it is no key of connection tracking.</summary>
    /// <param name="path">The path.</param>
    public static string? Name(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path == "net/" + SysctlNames.Max ? SysctlNames.Max
            : path.StartsWith(Directory, StringComparison.Ordinal) && SysctlNames.IsTrackingKey(path[Directory.Length..])
            ? path[Directory.Length..] : null;
    }

    internal static List<string> Paths(string name) => name == SysctlNames.Max ? [Directory + name, "net/" + name] : [Directory + name];

    internal static IEnumerable<SysctlLine> Lines(IEnumerable<string> texts)
    {
        foreach (var text in texts)
        {
            if (SysctlLine.TryParse(text, out var line))
            {
                yield return line;
            }
        }
    }

    /// <summary>
    /// The lines that set a key, of which the last is in force: those that name it, or else patterns, unless it is taken out of them.
    /// </summary>
    internal static List<T> Effective<T>(List<T> lines, Func<T, SysctlLine> line, string name)
    {
        var paths = Paths(name);
        var named = lines.FindAll(l => line(l) is { Value: not null, IsPattern: false } && paths.Contains(line(l).Key));
        var excluded = lines.Exists(l => line(l).Value is null && paths.Any(line(l).Matches));
        return named.Count > 0 || excluded
            ? named : lines.FindAll(l => line(l) is { Value: not null, IsPattern: true } && paths.Any(line(l).Matches));
    }
}
