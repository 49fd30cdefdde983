using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Sysctls;

/// <summary>
/// The connection-tracking sysctls under one directory. /proc/sys/net shows the network namespace of the thread that asks.
/// Safe to use from several threads at once.
/// </summary>
public sealed class SysctlDirectory
{
    /// <summary>Where the kernel keeps them.</summary>
    public const string DefaultPath = "/proc/sys/net/netfilter";

    // The largest HZ of the architectures that Kubernetes runs on (kernel/Kconfig.hz).
    private const int MaxTicksPerSecond = 1000;

    private static readonly SearchValues<char> _nameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    private readonly ConcurrentDictionary<string, byte[]> _paths = new(StringComparer.Ordinal);

    /// <summary>Names the directory; nothing is opened yet, and it need not exist.</summary>
    /// <param name="path">The directory, for example where a pod has the host's <see cref="DefaultPath"/> mounted.</param>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    public SysctlDirectory(string path = DefaultPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path.Length > 1 ? path.TrimEnd('/') : path;
    }

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>
    /// Whether the nf_conntrack module has put its keys here. The keys nf_conntrack_frag6_* don't count: they come with
    /// nf_defrag_ipv6, which can be loaded alone.
    /// </summary>
    public bool ModuleLoaded =>
        Exists(SysctlNames.Max) || Exists(SysctlNames.Count) || Exists(SysctlNames.Buckets);

    /// <summary>Reads one key. Allocates nothing once a key has been read before and is there.</summary>
    /// <param name="name">A file's name, such as <see cref="SysctlNames.Max"/>.</param>
    /// <returns>
    /// Ok with the value; NotSupported when there is no such key; Failed with the errno when it can't be read, or without
    /// when it does not hold one whole number. Never ReadOnly.
    /// </returns>
    public SysctlResult Read(string name)
    {
        if (!TryPath(name, out var path))
        {
            return BadName(name);
        }

        Span<byte> buffer = stackalloc byte[128];
        var length = SmallFile.Read(path, buffer);
        if (length < 0)
        {
            return ReadError(name, -length);
        }

        return TryParse(buffer[..length], out var value)
            ? new SysctlResult(SysctlStatus.Ok, value, 0, null)
            : new SysctlResult(SysctlStatus.Failed, null, 0, $"{name} does not hold one whole number.");
    }

    /// <summary>What a key's file holds, when it is one whole number.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> file, out long value)
    {
        var text = file.TrimEnd("\n\r\t \0"u8);
        return Utf8Parser.TryParse(text, out value, out var used) && used == text.Length;
    }

    /// <summary>Writes one key and reads it back.</summary>
    /// <param name="name">A file's name, such as <see cref="SysctlNames.Max"/>.</param>
    /// <param name="value">What it should hold.</param>
    /// <returns>
    /// Ok when the kernel now holds <paramref name="value"/> (for nf_conntrack_buckets: rounded as <see cref="Buckets.Round(long)"/>);
    /// NotSupported when there is no such key; ReadOnly when it can't be written from here; else Failed.
    /// <see cref="SysctlResult.Value"/> is what was read afterwards.
    /// </returns>
    public SysctlResult Write(string name, long value)
    {
        if (!TryPath(name, out var path))
        {
            return BadName(name);
        }

        Span<byte> text = stackalloc byte[24];
        Utf8Formatter.TryFormat(value, text, out var length);
        text[length++] = (byte)'\n';
        var errno = -SmallFile.Write(path, text[..length]);
        var after = errno == Errno.ENOENT ? default : Read(name);
        return errno == 0 ? Compare(name, value, after) : WriteError(name, value, errno, after.Value);
    }

    /// <summary>
    /// Whether a key could be written from here. Opening it for writing writes nothing, and asks the kernel the question that
    /// counts: capabilities and namespace go into the answer.
    /// </summary>
    /// <param name="name">A file's name, such as <see cref="SysctlNames.Max"/>.</param>
    /// <returns>False as well when there is no such key.</returns>
    public bool IsWritable(string name)
    {
        if (!TryPath(name, out _))
        {
            return false;
        }

        try
        {
            using var handle = File.OpenHandle(
                System.IO.Path.Combine(Path, name), FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
            return true;
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return false;
        }
    }

    /// <summary>The keys nf_conntrack_* and nf_flowtable_* that this kernel has, in ordinal order.</summary>
    /// <returns>Empty when the directory is not there or can't be read.</returns>
    public IReadOnlyList<string> List()
    {
        try
        {
            var names = new List<string>(64);
            foreach (var file in Directory.EnumerateFiles(Path))
            {
                var name = System.IO.Path.GetFileName(file);
                if (SysctlNames.IsTrackingKey(name))
                {
                    names.Add(name);
                }
            }

            names.Sort(StringComparer.Ordinal);
            return names;
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return [];
        }
    }

    private static SysctlResult Compare(string name, long asked, SysctlResult after)
    {
        if (after.Status != SysctlStatus.Ok)
        {
            return after with
            {
                Status = SysctlStatus.Failed,
                Message = $"{name} was written as {asked} and could not be read back: {after.Message}",
            };
        }

        var expected = name == SysctlNames.Buckets && asked >= 0 ? Buckets.Round(asked) : asked;
        return after.Value == expected
            ? after
            : new SysctlResult(SysctlStatus.Failed, after.Value, 0, $"{name} was written as {asked} and the kernel holds {after.Value}.");
    }

    private static SysctlResult WriteError(string name, long value, int errno, long? held) => errno switch
    {
        Errno.ENOENT or Errno.ENOTDIR => new(SysctlStatus.NotSupported, null, errno, NotThere(name)),
        Errno.EACCES or Errno.EPERM => new(SysctlStatus.ReadOnly, held, errno,
            $"{name} can't be written from here: {Errno.Describe(errno)}. It is read-only outside the host's initial network namespace, "
                + "and needs CAP_NET_ADMIN inside it."),
        Errno.EROFS => new(SysctlStatus.ReadOnly, held, errno,
            $"{name} can't be written from here: {Errno.Describe(errno)}. Mount the host's {DefaultPath} writable."),
        _ =>
            new(
                SysctlStatus.Failed, held, errno,
                $"{name} was not set to {value}: {Errno.Describe(errno)}.{(errno == Errno.EINVAL ? TooLong(name, value) : "")}"),
    };

    // proc_dointvec_jiffies refuses more than INT_MAX / HZ; no file of the kernel tells its HZ for certain.
    private static string TooLong(string name, long value) =>
        value > int.MaxValue / MaxTicksPerSecond && name.Contains("_timeout", StringComparison.Ordinal)
            ? " This kernel takes less: at most 2147483 seconds with HZ 1000, 8589934 with 250, 21474836 with 100."
            : "";

    private static SysctlResult ReadError(string name, int errno) => errno is Errno.ENOENT or Errno.ENOTDIR
        ? new(SysctlStatus.NotSupported, null, errno, NotThere(name))
        : new(SysctlStatus.Failed, null, errno, $"{name} can't be read: {Errno.Describe(errno)}.");

    private static string NotThere(string name) => $"This kernel has no {name}.";

    private static SysctlResult BadName(string name) =>
        new(SysctlStatus.Failed, null, Errno.EINVAL, $"'{name}' is not the name of a sysctl: lower-case letters, digits and '_' only.");

    private bool Exists(string name) => TryPath(name, out var path) && SmallFile.Exists(path);

    private bool TryPath(string name, out byte[] path)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (_paths.TryGetValue(name, out path!))
        {
            return true;
        }

        // Names come from people's policies as well: nothing may leave the directory.
        if (name.Length is 0 or > 255 || name.AsSpan().IndexOfAnyExcept(_nameCharacters) >= 0)
        {
            path = [];
            return false;
        }

        path = _paths.GetOrAdd(name, static (key, directory) => NativePath.Encode($"{directory}/{key}"), Path);
        return true;
    }
}
