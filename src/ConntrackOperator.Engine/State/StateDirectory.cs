using ConntrackOperator.Netfilter;
using ConntrackOperator.Netfilter.Host;

namespace ConntrackOperator.Engine.State;

/// <summary>Where a node's agent keeps what must survive it: originals, the last plan. One process at a time may hold it.</summary>
public sealed class StateDirectory : IDisposable
{
    /// <summary>The default, on the node itself.</summary>
    public const string DefaultPath = "/var/lib/conntrack-operator";

    internal const string OriginalsName = "originals.json";
    internal const string OwnerName = "owner.json";
    internal const string FlushesName = "flushes.json";
    internal const string PlanName = "plan.json";

    /// <summary>What a person reads where the boot is not known, so that nothing is written.</summary>
    internal const string BootUnknown =
        "the id of this boot can't be read (sys/kernel/random/boot_id of procfs), so what keys held before their first write in it can "
            + "be neither told nor kept, and nothing is set";

    private const string LockName = "lock";

    // EROFS: .NET puts the errno into HResult.
    private const int ReadOnlyFileSystem = 30;

    // Each time another process has come between the look and the lock.
    private const int MostTries = 8;

    private readonly List<NamedLock> _names = [];
    private FileStream? _lock;

    private StateDirectory(string path, string root)
    {
        Path = path;
        Root = root;
    }

    /// <summary>The directory of the files: where the state directory is another network namespace's, one below it.</summary>
    public string Path { get; }

    /// <summary>The state directory.</summary>
    internal string Root { get; }

    /// <summary>Whether the state directory itself is another network namespace's.</summary>
    internal bool IsApart => Path != Root;

    /// <summary>Whether it is only looked at: nothing is written there.</summary>
    public bool IsReadOnly => _lock is null;

    internal string OriginalsFile => System.IO.Path.Combine(Path, OriginalsName);

    internal string OwnerFile => System.IO.Path.Combine(Path, OwnerName);

    internal string FlushesFile => System.IO.Path.Combine(Path, FlushesName);

    internal string PlanFile => System.IO.Path.Combine(Path, PlanName);

    internal string ResizeFile => System.IO.Path.Combine(Path, "resize.json");

    private string LockFile => System.IO.Path.Combine(Path, LockName);

    /// <summary>
    /// Makes the directory when it is not there, and takes its lock, which the kernel lets go with the process. There are two: on a
    /// file in it, which holds wherever the directory is mounted, and on its name, which also holds when the directory is deleted.
    /// On a file system that is only read the file has to be there.
    /// </summary>
    /// <param name="path">The directory.</param>
    /// <exception cref="StateDirectoryBusyException">Another process holds it: an agent, or <c>host watch</c>.</exception>
    /// <exception cref="IOException">It can't be made or written.</exception>
    /// <exception cref="UnauthorizedAccessException">It can't be made or written.</exception>
    public static StateDirectory Open(string path) => Open(path, path);

    /// <summary>As <see cref="Open(string)"/>, for the files of one network namespace.</summary>
    /// <param name="path">The state directory.</param>
    /// <param name="host">The machine, and the network namespace.</param>
    /// <param name="sysctlPath">
    /// The keys that will be set: they are locked as well, so that nobody sets them from another state directory. Null: none.
    /// </param>
    /// <exception cref="StateDirectoryBusyException">Another process sets this namespace, or holds the state directory.</exception>
    /// <exception cref="IOException">It can't be made, read or written; or the boot is not known.</exception>
    /// <exception cref="UnauthorizedAccessException">It can't be made or written.</exception>
    internal static StateDirectory Open(string path, HostFacts host, string? sysctlPath = null)
    {
        if (host.BootId.Length == 0)
        {
            throw new IOException(BootUnknown);
        }

        for (var tries = 0; tries < MostTries; tries++)
        {
            var place = StatePlace.Find(path, host, makeWay: true);
            var directory = Open(place, path);
            try
            {
                if (sysctlPath is not null)
                {
                    directory.TakeName("sysctls of " + WhatIsSet(sysctlPath));
                }

                if (!directory.IsApart)
                {
                    StatePlace.MakeWay(path, host);
                }

                if (StatePlace.Find(path, host, makeWay: true) == place)
                {
                    StatePlace.Prune(path, host, place);
                    return directory;
                }
            }
            catch
            {
                directory.Dispose();
                throw;
            }

            directory.Dispose();
        }

        throw new StateDirectoryBusyException(path, null);
    }

    private static StateDirectory Open(string path, string root)
    {
        var directory = new StateDirectory(path, root);
        try
        {
            directory.TakeName(OneSpelling(path));
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
    public static StateDirectory OpenReadOnly(string path) => new(path, path);

    /// <summary>As <see cref="OpenReadOnly(string)"/>, for the files of one network namespace.</summary>
    /// <param name="path">The state directory.</param>
    /// <param name="host">The machine, and the network namespace.</param>
    /// <exception cref="IOException">The disk does not give it out.</exception>
    internal static StateDirectory OpenReadOnly(string path, HostFacts host) =>
        new(StatePlace.Find(path, host, makeWay: false), path);

    /// <summary>Whether a process holds a directory's lock.</summary>
    /// <param name="path">The directory.</param>
    /// <exception cref="IOException">It can't be told.</exception>
    internal static bool IsHeld(string path)
    {
        var file = System.IO.Path.Combine(path, LockName);
        try
        {
            using var taken = File.Exists(file) ? OpenLock(file, FileMode.Open) : null;
            return false;
        }
        catch (IOException e) when (IsSharingViolation(e))
        {
            return true;
        }
    }

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
        _names.ForEach(name => name.Dispose());
    }

    // procfs shows each network namespace its own keys, and so do the names of sockets: wherever it is mounted, they are the same.
    private static string WhatIsSet(string sysctlPath)
    {
        var path = OneSpelling(sysctlPath);
        try
        {
            return new DriveInfo(path).DriveFormat == "proc" ? "this network namespace" : path;
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return path;
        }
    }

    private static string OneSpelling(string path) => System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));

    private void TakeName(string name)
    {
        var taken = NamedLock.TryTake(name, out var isHeld);
        if (isHeld)
        {
            throw new StateDirectoryBusyException(Path, null);
        }

        if (taken is not null)
        {
            _names.Add(taken);
        }
    }

    private void Hold()
    {
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            var taken = OpenLock(LockFile, FileMode.OpenOrCreate);
            _lock?.Dispose();
            _lock = taken;
        }
        catch (IOException e)
            when (File.Exists(LockFile) && e is not DirectoryNotFoundException and not PathTooLongException && IsSharingViolation(e))
        {
            throw new StateDirectoryBusyException(Path, e);
        }
    }

    /// <summary>
    /// FileShare.None is flock(LOCK_EX | LOCK_NB) on Linux, which needs no writing: after an error a root file system is only read, and
    /// what has its original there can still be put back.
    /// </summary>
    private static FileStream OpenLock(string file, FileMode mode)
    {
        try
        {
            return new FileStream(file, mode, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.HResult == ReadOnlyFileSystem)
        {
            return new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.None);
        }
    }

    // EWOULDBLOCK from flock: .NET puts the errno into HResult.
    internal static bool IsSharingViolation(IOException e) => e.HResult is 11 or unchecked((int)0x80070020);
}
