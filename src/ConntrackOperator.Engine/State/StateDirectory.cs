namespace ConntrackOperator.Engine.State;

/// <summary>Where a node's agent keeps what must survive it: originals, the last plan. One process at a time may hold it.</summary>
public sealed class StateDirectory : IDisposable
{
    /// <summary>The default, on the node itself.</summary>
    public const string DefaultPath = "/var/lib/conntrack-operator";

    private readonly NamedLock? _name;
    private FileStream? _lock;

    private StateDirectory(string path, NamedLock? name)
    {
        Path = path;
        _name = name;
    }

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>Whether it is only looked at: nothing is written there.</summary>
    public bool IsReadOnly => _lock is null;

    internal string OriginalsFile => System.IO.Path.Combine(Path, "originals.json");

    internal string FlushesFile => System.IO.Path.Combine(Path, "flushes.json");

    internal string PlanFile => System.IO.Path.Combine(Path, "plan.json");

    internal string ResizeFile => System.IO.Path.Combine(Path, "resize.json");

    private string LockFile => System.IO.Path.Combine(Path, "lock");

    /// <summary>
    /// Makes the directory when it is not there, and takes its lock, which the kernel lets go with the process. There are two: on a
    /// file in it, which holds wherever the directory is mounted, and on its name, which also holds when the directory is deleted.
    /// </summary>
    /// <param name="path">The directory.</param>
    /// <exception cref="StateDirectoryBusyException">Another process holds it: an agent, or <c>host watch</c>.</exception>
    /// <exception cref="IOException">It can't be made or written.</exception>
    /// <exception cref="UnauthorizedAccessException">It can't be made or written.</exception>
    public static StateDirectory Open(string path)
    {
        var directory = new StateDirectory(path, NamedLock.TryTake(System.IO.Path.GetFullPath(path), out var isHeld));
        try
        {
            if (isHeld)
            {
                throw new StateDirectoryBusyException(path, null);
            }

            directory.Hold();
            return directory;
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Only looks, beside whoever holds it. The directory need not be there.</summary>
    /// <param name="path">The directory.</param>
    public static StateDirectory OpenReadOnly(string path) => new(path, null);

    /// <summary>Makes the directory and its lock again when somebody has deleted them.</summary>
    /// <exception cref="StateDirectoryBusyException">Another process has made and taken it meanwhile.</exception>
    /// <exception cref="IOException">It can't be made or written.</exception>
    internal void EnsureHeld()
    {
        if (_lock is null || File.Exists(LockFile))
        {
            return;
        }

        try
        {
            Hold();
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _lock?.Dispose();
        _name?.Dispose();
    }

    private void Hold()
    {
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            // FileShare.None is flock(LOCK_EX | LOCK_NB) on Linux.
            var taken = new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            _lock?.Dispose();
            _lock = taken;
        }
        catch (IOException e)
            when (File.Exists(LockFile) && e is not DirectoryNotFoundException and not PathTooLongException && IsSharingViolation(e))
        {
            throw new StateDirectoryBusyException(Path, e);
        }
    }

    // EWOULDBLOCK from flock: .NET puts the errno into HResult.
    private static bool IsSharingViolation(IOException e) => e.HResult is 11 or unchecked((int)0x80070020);
}
