namespace ConntrackOperator.Engine.State;

/// <summary>Where a node's agent keeps what must survive it: originals, the last plan. One process at a time may hold it.</summary>
public sealed class StateDirectory : IDisposable
{
    /// <summary>The default, on the node itself.</summary>
    public const string DefaultPath = "/var/lib/conntrack-operator";

    private readonly FileStream? _lock;

    private StateDirectory(string path, FileStream? @lock)
    {
        Path = path;
        _lock = @lock;
    }

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>Whether it is only looked at: nothing is written there.</summary>
    public bool IsReadOnly => _lock is null;

    internal string OriginalsFile => System.IO.Path.Combine(Path, "originals.json");

    internal string FlushesFile => System.IO.Path.Combine(Path, "flushes.json");

    internal string PlanFile => System.IO.Path.Combine(Path, "plan.json");

    /// <summary>Makes the directory when it is not there, and takes its lock, which the kernel lets go with the process.</summary>
    /// <param name="path">The directory.</param>
    /// <exception cref="StateDirectoryBusyException">Another process holds it: an agent, or <c>host watch</c>.</exception>
    /// <exception cref="IOException">It can't be made or written.</exception>
    /// <exception cref="UnauthorizedAccessException">It can't be made or written.</exception>
    public static StateDirectory Open(string path)
    {
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var file = System.IO.Path.Combine(path, "lock");
        try
        {
            // FileShare.None is flock(LOCK_EX | LOCK_NB) on Linux.
            return new StateDirectory(path, new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (File.Exists(file) && e is not DirectoryNotFoundException and not PathTooLongException && IsSharingViolation(e))
        {
            throw new StateDirectoryBusyException(path, e);
        }
    }

    /// <summary>Only looks, beside whoever holds it. The directory need not be there.</summary>
    /// <param name="path">The directory.</param>
    public static StateDirectory OpenReadOnly(string path) => new(path, null);

    /// <inheritdoc />
    public void Dispose() => _lock?.Dispose();

    // EWOULDBLOCK from flock: .NET puts the errno into HResult.
    private static bool IsSharingViolation(IOException e) => e.HResult is 11 or unchecked((int)0x80070020);
}
