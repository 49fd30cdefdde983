using System.Text.Encodings.Web;
using System.Text.Json;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.Enforcement;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning.Settings;

namespace ConntrackOperator.Cli.Backup;

/// <summary>The command <c>host backup</c>.</summary>
internal static class HostBackupCommand
{
    private const int FlushBytes = 64 * 1024;

    private static readonly JsonWriterOptions _json = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static int Run(EngineOptions options, string path, bool entries, TimeProvider time, CancellationToken cancel)
    {
        path = Target(path);
        var notes = new List<string>();
        var rules = RuleReader.Read(notes);
        var settings = Settings(options, notes);
        var count = 0L;

        // Addresses and rules are nobody else's business; and a backup that failed must not take an older one's place.
        var unfinished = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            using (var stream = new FileStream(unfinished, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                using var writer = new Utf8JsonWriter(stream, _json);
                Write(writer, HostFacts.Read(options.ProcPath, options.SysPath), settings, rules, notes, time);
                count = entries ? WriteEntries(writer, notes, cancel) : 0;
                writer.WriteEndObject();
                writer.Flush();
                stream.Flush(flushToDisk: true);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }

        notes.ForEach(note => Console.Error.WriteLine("note: " + note));
        string[] programs = [
            .. ((string, List<string>?)[])[("iptables", rules.Iptables), ("ip6tables", rules.Ip6tables), ("nft", rules.Nftables)]
            is var all ? all.Where(p => p.Item2 is not null).Select(p => p.Item1) : []];
        Console.Out.WriteLine(
            $"{path}: {settings.Count} settings, rules of "
                + (programs.Length == 0 ? "no program" : string.Join(", ", programs)) + (entries ? $", {count} entries" : string.Empty));
        return ExitCode.InSync;
    }

    /// <summary>Where the file will be: what a link names is replaced, and not the link.</summary>
    /// <exception cref="CliException">There is something that is no file.</exception>
    private static string Target(string path)
    {
        if (RegularFile.IsSomethingElse(path))
        {
            throw new CliException(ExitCode.BadInput, $"FILE: Invalid value: \"{path}\": must be a file, or the name of a new one");
        }

        return new FileInfo(path) is { LinkTarget: not null } link ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName : path;
    }

    /// <exception cref="CliException">None can be seen, though there are some: a backup without them would be none.</exception>
    private static SortedDictionary<string, long> Settings(EngineOptions options, List<string> notes)
    {
        var sysctls = new SysctlDirectory(options.SysctlPath);
        if (!sysctls.ModuleLoaded)
        {
            if (TrackingModule.IsSeen(options.ProcPath, options.SysPath))
            {
                throw new CliException(ExitCode.Failure, $"{Enforcer.KeysNotSeenMessage}. Nothing was saved");
            }

            notes.Add("the nf_conntrack module is not loaded: there are no settings of it");
        }

        var settings = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var name in sysctls.List().Where(n => n != SysctlNames.Count))
        {
            var (least, most) = SettingRange.Of(name);
            if (sysctls.Read(name) is not { Status: SysctlStatus.Ok, Value: { } value })
            {
                notes.Add($"{name} is not saved: it can't be read");
            }
            else if (value < least || value > most)
            {
                notes.Add($"{name} is not saved: it holds {value}, and what can be put back is from {least} to {most}");
            }
            else
            {
                settings[name] = value;
            }
        }

        return settings;
    }

    private static void Write(
        Utf8JsonWriter writer, HostFacts host, SortedDictionary<string, long> settings, RuleSets rules, List<string> notes,
        TimeProvider time)
    {
        writer.WriteStartObject();
        writer.WriteString("format", BackupFile.CurrentFormat);
        writer.WriteString("host", host.HostName);
        writer.WriteString("kernel", host.Kernel);
        writer.WriteString("takenAt", time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"));
        writer.WriteStartObject("settings");
        foreach (var (name, value) in settings)
        {
            writer.WriteNumber(name, value);
        }

        writer.WriteEndObject();
        writer.WriteStartObject("rules");
        Lines(writer, "iptables", rules.Iptables);
        Lines(writer, "ip6tables", rules.Ip6tables);
        Lines(writer, "nftables", rules.Nftables);
        writer.WriteEndObject();
        Lines(writer, "notes", notes);
    }

    private static long WriteEntries(Utf8JsonWriter writer, List<string> notes, CancellationToken cancel)
    {
        var count = 0L;
        writer.WriteStartArray("entries");
        var left = EntryTable.Read(
            line =>
            {
                writer.WriteStringValue(line);
                count++;
                if (writer.BytesPending > FlushBytes)
                {
                    writer.Flush();
                }
            },
            cancel);
        writer.WriteEndArray();
        if (left > 0)
        {
            notes.Add($"{left} SCTP or DCCP entries are not saved: conntrack -R can't make them as they were");
        }

        return count;
    }

    private static void Lines(Utf8JsonWriter writer, string name, List<string>? lines)
    {
        if (lines is null)
        {
            return;
        }

        writer.WriteStartArray(name);
        lines.ForEach(writer.WriteStringValue);
        writer.WriteEndArray();
    }
}
