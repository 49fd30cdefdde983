using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Backup;

/// <summary>What a machine held at one time: one JSON document whose texts are lists of lines, so that people can read it.</summary>
internal sealed record BackupFile
{
    public const string CurrentFormat = "conntrack-backup/1";

    public string? Format { get; init; }

    public string? Host { get; init; }

    public string? Kernel { get; init; }

    public DateTimeOffset? TakenAt { get; init; }

    /// <summary>Each key under /proc/sys/net/netfilter and its value.</summary>
    public SortedDictionary<string, long>? Settings { get; init; }

    public RuleSets? Rules { get; init; }

    /// <summary>What could not be saved, and why.</summary>
    public List<string>? Notes { get; init; }

    /// <summary>
    /// Lines that <c>conntrack -R</c> loads; left out when they were not asked for. Last, so that they can be written as they come.
    /// </summary>
    public List<string>? Entries { get; init; }

    /// <exception cref="CliException">It is not there, or no backup.</exception>
    public static BackupFile Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            var file = JsonSerializer.Deserialize(stream, BackupJson.Default.BackupFile);
            if (file?.Format != CurrentFormat)
            {
                throw new CliException(ExitCode.BadInput, $"{path}: no backup of this program: format must be \"{CurrentFormat}\"");
            }

            foreach (var (name, value) in file.Settings ?? [])
            {
                if (!SysctlNames.IsTrackingKey(name))
                {
                    throw new CliException(
                        ExitCode.BadInput,
                        $"{path}: settings.{name}: no key of connection tracking: must begin with nf_conntrack_ or nf_flowtable_");
                }

                if (value < 0)
                {
                    throw new CliException(ExitCode.BadInput, $"{path}: settings.{name}: {value} must be 0 or more");
                }
            }

            return file;
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCode.BadInput, $"{path}:{e.LineNumber + 1}: no backup: {e.Message}", e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException(ExitCode.BadInput, $"{path}: no such file", e);
        }
    }
}

/// <summary>The rule sets as their programs print them; null where a program is not there.</summary>
internal sealed record RuleSets
{
    public List<string>? Iptables { get; init; }

    public List<string>? Ip6tables { get; init; }

    public List<string>? Nftables { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(BackupFile))]
[JsonSerializable(typeof(RestoreReport))]
internal sealed partial class BackupJson : JsonSerializerContext;
