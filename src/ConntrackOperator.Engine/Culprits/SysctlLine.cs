using System.Globalization;

namespace ConntrackOperator.Engine.Culprits;

/// <summary>
/// A line of a file of sysctls: key = value, or -key, which takes a key out of the patterns (sysctl.d(5), sysctl.conf(5)). The key's
/// parts are parted by dots or slashes, whichever comes first, and may hold patterns; a leading '-' says that errors don't matter.
/// </summary>
/// <param name="Key">The key as a path under /proc/sys.</param>
/// <param name="Value">What is written there, as it stands; null for a key that is taken out.</param>
public readonly record struct SysctlLine(string Key, string? Value)
{
    /// <summary>Whether the key holds a pattern.</summary>
    public bool IsPattern => Key.AsSpan().IndexOfAny("*?[") >= 0;

    /// <summary>Reads a line.</summary>
    /// <param name="text">The line.</param>
    /// <param name="line">What it says.</param>
    /// <returns>False for comments and whatever sets nothing.</returns>
    public static bool TryParse(string text, out SysctlLine line)
    {
        ArgumentNullException.ThrowIfNull(text);
        line = default;
        var trimmed = text.AsSpan().Trim();
        if (trimmed.IsEmpty || trimmed[0] is '#' or ';')
        {
            return false;
        }

        var equals = trimmed.IndexOf('=');
        if (equals < 0 && trimmed[0] != '-')
        {
            return false;
        }

        var key = (equals < 0 ? trimmed : trimmed[..equals]).Trim();
        key = (key.Length > 0 && key[0] == '-' ? key[1..] : key).Trim();
        line = new SysctlLine(ToPath(key), equals < 0 ? null : trimmed[(equals + 1)..].Trim().ToString());
        return line.Key.Length > 0;
    }

    /// <summary>
    /// The number that the kernel reads: decimal, 0x hexadecimal or 0 octal, and whatever stands behind a blank is not looked at
    /// (kernel/sysctl.c, proc_get_long), so that a comment after the value does no harm.
    /// </summary>
    /// <param name="value">What is written.</param>
    /// <returns>Null: it is no number, or a negative one.</returns>
    public static long? Number(string? value)
    {
        var text = value.AsSpan().TrimStart();
        var end = text.IndexOfAny(' ', '\t', '\n');
        text = end < 0 ? text : text[..end];
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            return long.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hexadecimal)
                && hexadecimal >= 0 ? hexadecimal : null;
        }

        return text is ['0', _, ..] ? Octal(text)
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>
    /// Whether the key is the one of that path, or a pattern that matches it: '*', '?' and '[…]' within a part of the path.
    /// </summary>
    /// <param name="path">The path under /proc/sys.</param>
    public bool Matches(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!IsPattern)
        {
            return Key == path;
        }

        var (patterns, parts) = (Key.Split('/'), path.Split('/'));
        return patterns.Length == parts.Length && patterns.Zip(parts, (pattern, part) => Glob(pattern, part)).All(matches => matches);
    }

    private static string ToPath(ReadOnlySpan<char> key)
    {
        var first = key.IndexOfAny('.', '/');
        var path = first >= 0 && key[first] == '.'
            ? string.Create(key.Length, key.ToString(), (swapped, from) =>
            {
                for (var i = 0; i < from.Length; i++)
                {
                    swapped[i] = from[i] switch { '.' => '/', '/' => '.', var c => c };
                }
            })
            : key.ToString();
        path = path.TrimStart('/');
        return path.StartsWith("proc/sys/", StringComparison.Ordinal) ? path["proc/sys/".Length..] : path;
    }

    private static long? Octal(ReadOnlySpan<char> text)
    {
        Int128 number = 0;
        foreach (var c in text)
        {
            if (c is < '0' or > '7' || (number = (number * 8) + (c - '0')) > long.MaxValue)
            {
                return null;
            }
        }

        return (long)number;
    }

    private static bool Glob(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        while (!pattern.IsEmpty)
        {
            if (pattern[0] == '*')
            {
                for (var skip = 0; skip <= text.Length; skip++)
                {
                    if (Glob(pattern[1..], text[skip..]))
                    {
                        return true;
                    }
                }

                return false;
            }

            var (matches, length) = text.IsEmpty ? (false, 1) : One(pattern, text[0]);
            if (!matches)
            {
                return false;
            }

            pattern = pattern[length..];
            text = text[1..];
        }

        return text.IsEmpty;
    }

    /// <summary>One character, and how long its pattern is.</summary>
    private static (bool Matches, int Length) One(ReadOnlySpan<char> pattern, char c)
    {
        var end = pattern[0] == '[' ? pattern[1..].IndexOf(']') : -1;
        if (end < 1)
        {
            return (pattern[0] == '?' || pattern[0] == c, 1);
        }

        var set = pattern[1..(end + 1)];
        var negated = set[0] is '!' or '^';
        set = negated ? set[1..] : set;
        var found = false;
        for (var i = 0; i < set.Length; i++)
        {
            if (i + 2 < set.Length && set[i + 1] == '-')
            {
                found |= set[i] <= c && c <= set[i + 2];
                i += 2;
            }
            else
            {
                found |= set[i] == c;
            }
        }

        return (found != negated, end + 2);
    }
}
