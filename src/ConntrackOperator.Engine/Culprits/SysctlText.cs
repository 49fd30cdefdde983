using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning.Settings;

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
            .Select(s => (s.Name, Held(s.Lines, l => l, s.Name).Value))];
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
    /// The lines by which a key is written, in that order, as systemd-sysctl 252 does it (src/sysctl/sysctl.c): of each spelling of a key,
    /// and of each pattern, what is written last counts, and without a value it is nothing; a pattern does not reach a key that is named,
    /// whether with a value or without one.
    /// </summary>
    internal static List<T> Effective<T>(IEnumerable<T> lines, Func<T, SysctlLine> line, string name)
    {
        var paths = Paths(name);
        var options = new OrderedDictionary<string, T>(StringComparer.Ordinal);
        foreach (var read in lines.Where(l => line(l).IsPattern || paths.Contains(line(l).Key)))
        {
            var key = line(read).Key;
            if (options.TryGetValue(key, out var before) && line(before).Value != line(read).Value)
            {
                options.Remove(key);
            }

            options[key] = read;
        }

        return [.. options.Values.Where(l => line(l) is { Value: not null } option && paths.Any(path => option.IsPattern
            ? option.Matches(path) && !options.ContainsKey(path) : option.Key == path))];
    }

    /// <summary>
    /// The line whose value holds: what is no number, or more than the key can have, the kernel refuses, so that the one before holds. A
    /// negative number it takes for a time-out, and what comes of that is not told.
    /// </summary>
    /// <returns>No value: none holds, or what it gives is not told.</returns>
    internal static (T? Line, long? Value) Held<T>(List<T> effective, Func<T, SysctlLine> line, string name)
    {
        for (var i = effective.Count - 1; i >= 0; i--)
        {
            var text = line(effective[i]).Value;
            if (SysctlLine.Number(text) is { } number)
            {
                if (number <= SettingRange.Of(name).Most)
                {
                    return (effective[i], number);
                }
            }
            else if (text.AsSpan().TrimStart() is ['-', >= '0' and <= '9', ..])
            {
                break;
            }
        }

        return default;
    }
}
