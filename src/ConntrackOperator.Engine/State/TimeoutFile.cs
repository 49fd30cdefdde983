using System.Text.Json;
using ConntrackOperator.Netfilter;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.State;

/// <summary>
/// The state directory's timeouts.json: which time-outs were seen since this boot, by network namespace. Everybody who looks writes to
/// it, the agent and each command, so it has a lock of its own, held for as long as it takes to read and write it. Whatever is wrong
/// with it, less is known then, and less is taken for idle.
/// </summary>
public sealed class TimeoutFile : ITimeoutStore
{
    private const int MostNamespaces = 32;

    private static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(5);

    private readonly string _directory;
    private readonly TableIdentity _table;

    private TimeoutFile(string directory, TableIdentity table)
    {
        _directory = directory;
        _table = table;
    }

    internal string Path => System.IO.Path.Combine(_directory, "timeouts.json");

    /// <summary>A watch that keeps what it sees in the state directory.</summary>
    /// <param name="statePath">The state directory; it is made when it is not there.</param>
    /// <param name="sysctls">The keys of the time-outs.</param>
    /// <param name="facts">The machine, and the network namespace that is looked at.</param>
    /// <param name="time">The clock.</param>
    public static TimeoutWatch Watch(string statePath, SysctlDirectory sysctls, HostFacts facts, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(statePath);
        ArgumentNullException.ThrowIfNull(facts);
        return new TimeoutWatch(sysctls, time, StoreFor(statePath, facts));
    }

    /// <inheritdoc />
    public TimeoutHistory Keep(TimeoutHistory seen)
    {
        ArgumentNullException.ThrowIfNull(seen);
        try
        {
            Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using var held = TakeLock();
            return held is null ? Join(Read(setAside: false), seen) : Replace(seen);
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            // Not ours to write, or no room: what the file says still counts.
            return Join(Read(setAside: false), seen);
        }
    }

    // Null: a boot or a namespace that can't be told from another must not have a history.
    internal static TimeoutFile? StoreFor(string directory, HostFacts facts) =>
        TableIdentity.Of(facts) is { } table ? new TimeoutFile(directory, table) : null;

    private static bool IsSound(TimeoutHistory? history) =>
        history is { Spans: not null } && history.Since <= history.LastLook
            && history.ReadFrom <= history.LastLook && history.ListedFrom <= history.LastLook
            && history.Spans.All(s => s is { Key: not null, Seconds: >= 0 } && s.From <= s.Until);

    private TimeoutHistory Replace(TimeoutHistory seen)
    {
        var file = Read(setAside: true);
        var joined = Join(file, seen);
        if (file is not { Version: > TimeoutFileContent.CurrentVersion })
        {
            var namespaces = new Dictionary<string, TimeoutHistory>(StringComparer.Ordinal) { [_table.NetworkNamespace] = joined };
            var others = file is { Version: TimeoutFileContent.CurrentVersion } ? file.Namespaces : null;
            foreach (var (name, history) in (others ?? []).Where(n => n.Key != _table.NetworkNamespace && IsSound(n.Value))
                .OrderByDescending(n => n.Value.LastLook).Take(MostNamespaces - 1))
            {
                namespaces[name] = history;
            }

            // Whole at every instant, but not flushed to the disk: after a power cut it is another boot, and worth nothing.
            var aside = Path + ".new";
            File.WriteAllBytes(aside, JsonSerializer.SerializeToUtf8Bytes(
                new TimeoutFileContent { Version = TimeoutFileContent.CurrentVersion, BootId = _table.BootId, Namespaces = namespaces },
                EngineJson.Default.TimeoutFileContent));
            File.Move(aside, Path, overwrite: true);
        }

        return joined;
    }

    private TimeoutHistory Join(TimeoutFileContent? file, TimeoutHistory seen) =>
        file is { Version: TimeoutFileContent.CurrentVersion, Namespaces: { } namespaces }
        && namespaces.TryGetValue(_table.NetworkNamespace, out var kept) && IsSound(kept)
        && kept.LastLook <= seen.LastLook + TimeoutHistory.MaxGap
            ? seen.Join(kept)
            : seen;

    /// <returns>Null when it is not there, can't be read, or is of another boot.</returns>
    private TimeoutFileContent? Read(bool setAside)
    {
        try
        {
            var file = AtomicFile.Read(Path, EngineJson.Default.TimeoutFileContent, setAside, out _);
            return file is { Version: > TimeoutFileContent.CurrentVersion } || file?.BootId == _table.BootId ? file : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private FileStream? TakeLock()
    {
        var path = System.IO.Path.Combine(_directory, "timeouts.lock");
        for (var waited = TimeSpan.Zero; waited < _patience; waited += _pause)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (StateDirectory.IsSharingViolation(e))
            {
                Thread.Sleep(_pause);
            }
        }

        return null;
    }
}
