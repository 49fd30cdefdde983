using ConntrackOperator.Netfilter;
using ConntrackOperator.Netfilter.Host;

namespace ConntrackOperator.Engine.State;

/// <summary>
/// Where in the state directory the files of one network namespace are. The directory itself is the initial namespace's; where that
/// has never used it, that of the first one that came since boot, as in a container. Every other one has a directory of its own below,
/// namespaces/BOOT/COOKIE, so that none overwrites what another one has to put back.
/// </summary>
/// <remarks>
/// Whether another namespace is still there can't be asked by its cookie, so nobody waits for it and nothing of it is deleted, but for
/// two reasons: it is of an earlier boot, or there are more than <see cref="MostNamespaces"/>. Then those go first that have nothing
/// left to put back, and of the others those that have not been written for longest; none whose lock is held.
/// </remarks>
internal static class StatePlace
{
    /// <summary>The directory of those that have one of their own.</summary>
    public const string Folder = "namespaces";

    /// <summary>How many may have one.</summary>
    public const int MostNamespaces = 256;

    // The owner last: until it has moved, the next one goes on.
    private static readonly string[] _files =
        [StateDirectory.PlanName, StateDirectory.FlushesName, StateDirectory.OriginalsName, StateDirectory.OwnerName];

    /// <summary>Where this namespace's files are, or will be.</summary>
    /// <param name="path">The state directory.</param>
    /// <param name="host">The machine, and the network namespace.</param>
    /// <param name="makeWay">Whether <see cref="MakeWay"/> will be called, which the initial namespace may have to.</param>
    /// <exception cref="IOException">The disk does not give it out.</exception>
    public static string Find(string path, HostFacts host, bool makeWay)
    {
        if (StateOwner.Of(host).Place is not { } place)
        {
            return path;
        }

        var own = Path.Combine(path, place);
        if (host.IsInitialNetworkNamespace)
        {
            return makeWay || Foreign(path, host) is null ? path : own;
        }

        if (File.Exists(Path.Combine(own, StateDirectory.OriginalsName)) || File.Exists(Path.Combine(own, StateDirectory.OwnerName)))
        {
            return own;
        }

        return StateOwner.Read(path) is not { } owner || owner.Is(host)
            || (owner.InitialNetworkNamespace != true && !host.IsThisBoot(owner.BootId))
            ? path : own;
    }

    /// <summary>Moves files of another namespace out of the initial one's way, to where it finds them.</summary>
    /// <param name="path">The state directory, held by this process.</param>
    /// <param name="host">The machine, and the network namespace.</param>
    /// <exception cref="IOException">They can't be moved.</exception>
    /// <exception cref="UnauthorizedAccessException">They can't be moved.</exception>
    public static void MakeWay(string path, HostFacts host)
    {
        if (!host.IsInitialNetworkNamespace || Foreign(path, host)?.Place is not { } place)
        {
            return;
        }

        var target = Path.Combine(path, place);
        Directory.CreateDirectory(target, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var file in _files.Where(f => File.Exists(Path.Combine(path, f))))
        {
            File.Move(Path.Combine(path, file), Path.Combine(target, file), overwrite: true);
        }
    }

    /// <summary>Deletes what no namespace can come back for, and what is too much. What can't be deleted stays.</summary>
    /// <param name="path">The state directory.</param>
    /// <param name="host">The machine.</param>
    /// <param name="own">Where the files of this process are.</param>
    public static void Prune(string path, HostFacts host, string own)
    {
        try
        {
            var all = new DirectoryInfo(Path.Combine(path, Folder));
            if (host.BootId.Length == 0 || !all.Exists)
            {
                return;
            }

            foreach (var boot in all.GetDirectories().Where(d => d.Name != host.BootId))
            {
                boot.Delete(recursive: true);
            }

            var others = new DirectoryInfo(Path.Combine(all.FullName, host.BootId)) is { Exists: true } now
                ? now.GetDirectories().Where(d => d.FullName != Path.GetFullPath(own)).ToList() : [];
            if (others.Count < MostNamespaces)
            {
                return;
            }

            foreach (var one in others.OrderBy(HasOriginals).ThenBy(d => d.LastWriteTimeUtc)
                .Where(d => !StateDirectory.IsHeld(d.FullName)).Take(others.Count - MostNamespaces + 1))
            {
                one.Delete(recursive: true);
            }
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            // The next one tries again.
        }
    }

    private static bool HasOriginals(DirectoryInfo directory) =>
        OriginalsReader.Read(Path.Combine(directory.FullName, StateDirectory.OriginalsName), out var problem, out _)
            is { File.Originals.Count: > 0 } || problem is not null;

    /// <summary>Whose files are in the initial namespace's way.</summary>
    private static StateOwner? Foreign(string path, HostFacts host) =>
        StateOwner.Read(path) is { } owner && !owner.Is(host)
        && (owner.InitialNetworkNamespace == false || host.IsThisBoot(owner.BootId)) ? owner : null;
}
