using System.Runtime.InteropServices;

namespace ConntrackOperator.TestKit.Kernel;

/// <summary>
/// A file system of a few pages in memory, seen by the calling thread alone, which gets a mount namespace of its own: what does
/// not fit meets a disk that is really full. It goes with the thread.
/// </summary>
public sealed partial class TinyDisk
{
    private const int CLONE_NEWNS = 0x20000;
    private const ulong MS_RDONLY = 1;
    private const ulong MS_REMOUNT = 32;
    private const ulong MS_REC = 16384;
    private const ulong MS_PRIVATE = 1 << 18;

    private readonly string _directory;
    private readonly string _ballast;

    private TinyDisk(string directory) => (_directory, _ballast) = (directory, Path.Combine(directory, "ballast"));

    /// <summary>Mounts it; the calling thread must be one that ends, such as that of a <see cref="NetworkNamespace"/>.</summary>
    /// <exception cref="InvalidOperationException">It can't be mounted.</exception>
    public static TinyDisk Mount(string directory, int bytes)
    {
        Check(unshare(CLONE_NEWNS), "unshare");
        Check(mount("none", "/", null, MS_REC | MS_PRIVATE, null), "mount / private");
        Check(mount("tmpfs", directory, "tmpfs", 0, FormattableString.Invariant($"size={bytes},mode=700")), "mount tmpfs");
        return new TinyDisk(directory);
    }

    /// <summary>Fills it to the last byte.</summary>
    public void Fill()
    {
        using var ballast = new FileStream(_ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        while (true)
        {
            try
            {
                ballast.Write(new byte[512]);
            }
            catch (IOException)
            {
                return;
            }
        }
    }

    /// <summary>Makes it one that is only read, as the kernel does after an error. No file there may be open for writing.</summary>
    public void StopWriting() => Check(mount("tmpfs", _directory, "tmpfs", MS_REMOUNT | MS_RDONLY, null), "remount read-only");

    public void Free() => File.Delete(_ballast);

    private static void Check(int result, string what)
    {
        if (result != 0)
        {
            throw new InvalidOperationException($"{what}: errno {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string? type, ulong flags, string? data);
}
