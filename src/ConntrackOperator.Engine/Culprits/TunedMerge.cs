namespace ConntrackOperator.Engine.Culprits;

/// <summary>
/// Profiles of tuned as it merges them (tuned/profiles/loader.py, locator.py, merger.py): what a profile includes comes before it, in
/// the order in which it is named, and what comes later overrides. No place is read twice: a profile that includes its own name means
/// the one of the next directory. What can't be found is passed over, where tuned would apply nothing at all: it may only not be seen
/// from here. Variables stay as they are written.
/// </summary>
public sealed class TunedMerge
{
    private const int MostProfiles = 32;
    private const StringSplitOptions Tidy = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;

    private readonly Func<string, IEnumerable<(string Source, string[] Lines)>> _find;
    private readonly HashSet<string> _loaded = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, Unit> _units = new(StringComparer.Ordinal);

    private TunedMerge(Func<string, IEnumerable<(string Source, string[] Lines)>> find) => _find = find;

    /// <summary>Merges.</summary>
    /// <param name="profiles">The names of the profiles that are active, in their order.</param>
    /// <param name="find">The places where a profile of that name is, by precedence, and its lines. Names have no slash.</param>
    /// <returns>The sysctls in the order in which they are written, so that of one key the last holds.</returns>
    public static IReadOnlyList<TunedSetting> Sysctls(
        IEnumerable<string> profiles, Func<string, IEnumerable<(string Source, string[] Lines)>> find)
    {
        ArgumentNullException.ThrowIfNull(profiles);
        ArgumentNullException.ThrowIfNull(find);
        var merge = new TunedMerge(find);
        merge.Load(profiles);
        return [.. merge._units.Values.Where(u => u is { Enabled: true, Type: "sysctl" }).OrderBy(u => u.Priority ?? 0)
            .SelectMany(u => u.Options).Select(o => Setting(o.Key, o.Value)).OfType<TunedSetting>()];
    }

    private void Load(IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            // A '-' before it: it may be missing. Of a path the last part counts.
            var profile = name[(name.StartsWith('-') ? 1 : 0)..];
            profile = profile[(profile.LastIndexOf('/') + 1)..];
            if (profile is "" or "." or ".." || _loaded.Count == MostProfiles
                || _find(profile).FirstOrDefault(f => !_loaded.Contains(f.Source)) is not { Source: { } source, Lines: { } lines })
            {
                continue;
            }

            _loaded.Add(source);
            var sections = Sections(lines);
            if (sections.GetValueOrDefault("main")?.GetValueOrDefault("include") is { } include)
            {
                Load(include.Split([',', ';'], Tidy).Take(MostProfiles));
            }

            foreach (var (section, options) in sections.Where(s => s.Key != "main"))
            {
                Add(section, options, source);
            }
        }
    }

    private void Add(string section, OrderedDictionary<string, string> options, string source)
    {
        var unit = new Unit(
            options.GetValueOrDefault("type") ?? section, Is(options, "enabled", otherwise: true),
            int.TryParse(options.GetValueOrDefault("priority"), out var priority) ? priority : null, new(StringComparer.Ordinal));
        if (!Is(options, "replace", otherwise: false) && _units.TryGetValue(section, out var before))
        {
            unit = unit with { Priority = unit.Priority ?? before.Priority, Options = before.Options };
            foreach (var dropped in options.GetValueOrDefault("drop")?.Split([',', ';'], Tidy) ?? [])
            {
                unit.Options.Remove(dropped);
            }
        }

        _units[section] = unit;
        foreach (var (option, value) in options)
        {
            unit.Options[option] = (value, source);
        }
    }

    private static bool Is(OrderedDictionary<string, string> options, string name, bool otherwise) =>
        options.TryGetValue(name, out var value) ? value is "true" or "True" or "1" : otherwise;

    private static TunedSetting? Setting(string option, (string Value, string Source) given)
    {
        var value = given.Value is ['"', .. var quoted, '"'] ? quoted : given.Value;
        return SysctlLine.TryParse(option + "=", out var line)
            ? new TunedSetting(given.Source, line.Key, value is ['>' or '<', .. { Length: > 0 } bound] ? bound : value) : null;
    }

    private static Dictionary<string, OrderedDictionary<string, string>> Sections(string[] lines)
    {
        var (sections, section) = (new Dictionary<string, OrderedDictionary<string, string>>(StringComparer.Ordinal), "");
        foreach (var text in lines)
        {
            var line = Uncommented(text).Trim();
            if (line is ['[', .. var name, ']'])
            {
                section = name.Trim();
                sections.TryAdd(section, new(StringComparer.Ordinal));
            }
            else if (section.Length > 0 && line.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            {
                sections[section][line[..equals].TrimEnd()] = line[(equals + 1)..].TrimStart();
            }
        }

        return sections;
    }

    // A '#' begins a comment at the beginning or behind a blank, a ';' only at the beginning.
    private static string Uncommented(string text)
    {
        if (text.AsSpan().TrimStart() is [';' or '#', ..])
        {
            return string.Empty;
        }

        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == '#' && char.IsWhiteSpace(text[i - 1]))
            {
                return text[..i];
            }
        }

        return text;
    }

    private sealed record Unit(string Type, bool Enabled, int? Priority, OrderedDictionary<string, (string Value, string Source)> Options);
}
