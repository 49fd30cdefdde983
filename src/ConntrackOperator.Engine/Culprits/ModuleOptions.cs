using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Culprits;

/// <summary>The option hashsize of the module, which sets buckets and limit whenever the module is loaded (modprobe.d(5)).</summary>
internal sealed class ModuleOptions(HostFiles files)
{
    // net/netfilter/nf_conntrack_core.c, nf_conntrack_init_start: with a size that was given the limit is this many times the buckets.
    private const int EntriesPerBucket = 8;

    private static readonly string[] _directories = [
        "etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d", "usr/lib/modprobe.d", "lib/modprobe.d"];

    /// <summary>The file whose option gives a key what was found.</summary>
    /// <param name="name">The sysctl's name under net.netfilter.</param>
    /// <param name="found">The value; null: any.</param>
    /// <returns>Its path on the host; null: none that can be read does.</returns>
    public string? Find(string name, long? found)
    {
        if (name is not (SysctlNames.Buckets or SysctlNames.Max))
        {
            return null;
        }

        return files.Merged(_directories, ".conf").LastOrDefault(path => Sizes(path).Any(size => Gives(name, size, found))) is { } last
            ? "/" + last : null;
    }

    private static bool Gives(string name, long size, long? found) =>
        found is null
            || (size <= int.MaxValue
                && (name == SysctlNames.Buckets ? Buckets.Round(size) : Buckets.Round(size) * EntriesPerBucket) == found);

    private IEnumerable<long> Sizes(string path)
    {
        // A backslash at the end joins lines.
        var text = string.Join('\n', files.Lines(path) ?? []).Replace("\\\n", " ", StringComparison.Ordinal);
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words is not ["options", var module, ..] || module.Replace('-', '_') != "nf_conntrack")
            {
                continue;
            }

            const string option = "hashsize=";
            foreach (var word in words.Where(w => w.StartsWith(option, StringComparison.Ordinal)))
            {
                if (SysctlLine.Number(word[option.Length..].Trim('"')) is { } size)
                {
                    yield return size;
                }
            }
        }
    }
}
