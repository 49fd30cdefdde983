using System.Text.Json;
using System.Text.Json.Serialization;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning.Settings;

namespace ConntrackOperator.Cli.Backup;

/// <summary>What a machine held at one time: one JSON document whose texts are lists of lines, so that people can read it.</summary>
internal sealed record BackupFile
{
    public const string CurrentFormat = "conntrack-backup/1";

    public string? Format { get; init; }

    public string? Host { get; init; }

    public string? Kernel { get; init; }

    public DateTimeOffset? TakenAt { get; init; }

    /// <summary>As they stand in the file: each key under /proc/sys/net/netfilter and its value.</summary>
    [JsonPropertyName("settings")]
    public SortedDictionary<string, JsonElement>? Written { get; init; }

    /// <summary>The same, each a number that the kernel may have held.</summary>
    [JsonIgnore]
    public SortedDictionary<string, long>? Settings { get; private init; }

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
            if (Directory.Exists(path))
            {
                throw new CliException(ExitCode.BadInput, $"{path}: is a directory, not a file");
            }

            using var stream = File.OpenRead(path);
            var file = JsonSerializer.Deserialize(stream, BackupJson.Default.BackupFile);
            if (file?.Format != CurrentFormat)
            {
                throw new CliException(ExitCode.BadInput, $"{path}: no backup of this program: format must be \"{CurrentFormat}\"");
            }

            foreach (var (name, lines) in (ReadOnlySpan<(string, List<string>?)>)[
                ("entries", file.Entries), ("rules.iptables", file.Rules?.Iptables), ("rules.ip6tables", file.Rules?.Ip6tables),
                ("rules.nftables", file.Rules?.Nftables)])
            {
                if (lines?.FindIndex(line => line is null) is >= 0 and var at)
                {
                    throw new CliException(ExitCode.BadInput, $"{path}: {name}[{at}]: Invalid value: null: must be a line of text");
                }
            }

            return file with { Settings = Numbers(path, file.Written) };
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCode.BadInput, $"{path}:{e.LineNumber + 1}: no backup: {What(e)}", e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException(ExitCode.BadInput, $"{path}: no such file", e);
        }
    }

    // The library names its own types.
    private static string What(JsonException e) => e.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal)
        ? $"{e.Path}: not of the kind that it must be" : e.Message;

    // All are looked at before one is written.
    private static SortedDictionary<string, long>? Numbers(string path, SortedDictionary<string, JsonElement>? written)
    {
        if (written is null)
        {
            return null;
        }

        var numbers = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (name, value) in written)
        {
            if (!SysctlNames.IsTrackingKey(name))
            {
                throw new CliException(
                    ExitCode.BadInput,
                    $"{path}: settings.{name}: no key of connection tracking: must begin with nf_conntrack_ or nf_flowtable_");
            }

            var (least, most) = SettingRange.Of(name);
            if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var number) || number < least || number > most)
            {
                throw new CliException(
                    ExitCode.BadInput,
                    $"{path}: settings.{name}: Invalid value: {BoundedText.Of(value.GetRawText(), 64)}: must be from {least} to {most}");
            }

            numbers.Add(name, number);
        }

        return numbers;
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
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(BackupFile))]
[JsonSerializable(typeof(RestoreReport))]
internal sealed partial class BackupJson : JsonSerializerContext;
