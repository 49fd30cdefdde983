using System.Globalization;

namespace ConntrackOperator.TestKit.Kernel;

/// <summary>
/// Held by whoever changes the machine's own values (nf_conntrack_max, nf_conntrack_buckets), against every other process
/// too: FileShare.None is an flock. Puts both back when it is let go.
/// </summary>
public sealed class MachineLock : IDisposable
{
    private const string Max = "/proc/sys/net/netfilter/nf_conntrack_max";
    private const string Buckets = "/proc/sys/net/netfilter/nf_conntrack_buckets";

    private readonly FileStream _file;
    private readonly long _max;
    private readonly long _buckets;

    private MachineLock(FileStream file)
    {
        _file = file;
        _max = Read(Max);
        _buckets = Read(Buckets);
    }

    public static async Task<MachineLock> TakeAsync(CancellationToken cancellation)
    {
        var path = Path.Combine(Path.GetTempPath(), "conntrack-operator-machine.lock");
        while (true)
        {
            FileStream file;
            try
            {
                file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellation);
                continue;
            }

            return new MachineLock(file);
        }
    }

    /// <exception cref="IOException">A value could not be put back: the test fails.</exception>
    public void Dispose()
    {
        using (_file)
        {
            try
            {
                PutBack(Buckets, _buckets);
            }
            finally
            {
                PutBack(Max, _max);
            }
        }
    }

    private static void PutBack(string path, long value)
    {
        if (Read(path) != value)
        {
            File.WriteAllText(path, value.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static long Read(string path) =>
        long.Parse(File.ReadAllText(path), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
}
