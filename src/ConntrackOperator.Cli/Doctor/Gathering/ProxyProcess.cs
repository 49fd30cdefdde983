using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Netfilter;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>A kube-proxy that runs on this machine, by its process: command line, and the file that --config names.</summary>
/// <param name="procPath">Where procfs is mounted.</param>
internal sealed class ProxyProcess(string procPath)
{
    private const long MostBytes = 1 << 20;

    /// <summary>The processes that are seen. In a container those of the host are often not.</summary>
    public IReadOnlyList<ProxyFacts> Find()
    {
        try
        {
            return [.. Directory.EnumerateDirectories(procPath)
                .Where(d => Path.GetFileName(d).All(char.IsAsciiDigit) && Read(d + "/comm")?.Trim() == "kube-proxy")
                .Select(Facts)];
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return [];
        }
    }

    private static ProxyFacts Facts(string process)
    {
        var flags = CommandWords.Flags(
            CommandWords.Split((Read(process + "/cmdline") ?? string.Empty).Split('\0', StringSplitOptions.RemoveEmptyEntries)));
        var number = Path.GetFileName(process);
        var mode = flags.GetValueOrDefault("proxy-mode") ?? string.Empty;
        if (flags.GetValueOrDefault("config") is not { } file)
        {
            return new ProxyFacts
            {
                Kind = ProxyKind.Process,
                Source = $"the flags of process {number}",
                Mode = mode,
                Conntrack = ProxyConfigurationText.Conntrack(flags),
            };
        }

        // The file is in the process's own root, which only root may enter.
        var found = Read($"{process}/root/{file.TrimStart('/')}") is { } text ? ProxyConfigurationText.Parse(text) : null;
        return new ProxyFacts
        {
            Kind = ProxyKind.Process,
            Source = found is null
                ? $"process {number} names {file} with --config, which could not be read (root may)" : $"{file} of process {number}",
            Mode = found?.Mode is { Length: > 0 } configured ? configured : mode,
            Conntrack = found?.Conntrack,
        };
    }

    // A process may end while it is looked at.
    private static string? Read(string path)
    {
        try
        {
            return new FileInfo(path) is { Exists: true, Length: <= MostBytes } ? File.ReadAllText(path) : null;
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return null;
        }
    }
}
