using System.Text.Json.Serialization;
using ConntrackOperator.Netfilter.Host;

namespace ConntrackOperator.Engine.State;

/// <summary>
/// Of which boot and network namespace the files of a directory are, as originals.json says; and owner.json, which says so still when
/// that one is lost.
/// </summary>
internal record StateOwner
{
    public string? BootId { get; init; }

    /// <summary>By its inode.</summary>
    public string? NetworkNamespace { get; init; }

    /// <summary>By its cookie; null where the kernel gives none, and in files of the first versions.</summary>
    public string? NetworkNamespaceCookie { get; init; }

    /// <summary>Whether it is the initial one; null: not said.</summary>
    public bool? InitialNetworkNamespace { get; init; }

    /// <summary>The network namespace that the facts are of.</summary>
    /// <param name="host">The machine, and the network namespace.</param>
    public static StateOwner Of(HostFacts host) => new()
    {
        BootId = host.BootId,
        NetworkNamespace = host.NetworkNamespace,
        NetworkNamespaceCookie = host.NetworkNamespaceCookie.Length == 0 ? null : host.NetworkNamespaceCookie,
        InitialNetworkNamespace = host.IsInitialNetworkNamespace,
    };

    /// <summary>Whose a directory's files are.</summary>
    /// <param name="directory">The directory.</param>
    /// <returns>Null where nobody's are there, or none that can be read.</returns>
    /// <exception cref="IOException">The disk does not give them out.</exception>
    public static StateOwner? Read(string directory) =>
        OriginalsReader.Read(Path.Combine(directory, StateDirectory.OriginalsName), out _, out _)?.File ?? ReadMark(directory);

    /// <summary>Whose originals were kept in a directory, whether they are still there or not.</summary>
    /// <param name="directory">The directory.</param>
    /// <exception cref="IOException">The disk does not give it out.</exception>
    public static StateOwner? ReadMark(string directory) =>
        AtomicFile.Read(Path.Combine(directory, StateDirectory.OwnerName), EngineJson.Default.StateOwner, setAside: false, out _);

    /// <summary>
    /// By the cookie. One who knew only the inode is believed where that can't have been given to another namespace since: in the
    /// initial one, and where the kernel tells no more than the inode.
    /// </summary>
    /// <param name="host">The machine, and the network namespace.</param>
    /// <param name="cookie">The cookie that was written down.</param>
    /// <param name="inode">The inode that was written down.</param>
    public static bool IsNamespace(HostFacts host, string? cookie, string? inode) =>
        host.NetworkNamespaceCookie.Length > 0 && !string.IsNullOrEmpty(cookie)
            ? cookie == host.NetworkNamespaceCookie
            : (inode ?? string.Empty) == host.NetworkNamespace
            && (host.NetworkNamespaceCookie.Length == 0 || host.IsInitialNetworkNamespace);

    /// <summary>Whether it is this namespace, in this boot.</summary>
    /// <param name="host">The machine, and the network namespace.</param>
    public bool Is(HostFacts host) => host.IsThisBoot(BootId) && IsNamespace(host, NetworkNamespaceCookie, NetworkNamespace);

    /// <summary>
    /// The directory below the state directory for its files alone; null where it can't be told from another: then there is none.
    /// </summary>
    [JsonIgnore]
    public string? Place => !IsName(BootId) ? null
        : IsName(NetworkNamespaceCookie) ? Path.Combine(StatePlace.Folder, BootId!, NetworkNamespaceCookie!)
        : IsName(NetworkNamespace) ? Path.Combine(StatePlace.Folder, BootId!, "inode-" + NetworkNamespace)
        : null;

    // It came from a file, and becomes part of a path.
    private static bool IsName(string? text) => !string.IsNullOrEmpty(text) && text.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');
}
