using System.Diagnostics;
using System.Globalization;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Incidents.Machine;

/// <summary>
/// The machine's nf_conntrack_max, and its buckets with it, lowered while the lock that tests share is held. They are put back when this is
/// let go; when this process is killed, by a child that waits for its end, which deletes the network namespaces too. So are the queues
/// between devices, which are made longer: see <see cref="Backlog"/>.
/// </summary>
internal sealed class LoweredLimit : IDisposable
{
    private const string Max = "/proc/sys/net/netfilter/nf_conntrack_max";
    private const string Buckets = "/proc/sys/net/netfilter/nf_conntrack_buckets";

    private readonly MachineLock _machine;
    private readonly Process _guard;
    private readonly string _backlog = File.ReadAllText(Backlog.LengthFile).Trim();

    private LoweredLimit(MachineLock machine, long? limit)
    {
        _machine = machine;
        var max = File.ReadAllText(Max).Trim();
        var buckets = File.ReadAllText(Buckets).Trim();

        // "done" is written when this process has put everything back by itself.
        var script = $"""
            trap '' INT TERM HUP
            read -r done
            [ "$done" = done ] && exit
            [ "$(cat {Max})" = {max} ] || echo {max} > {Max}
            [ "$(cat {Buckets})" = {buckets} ] || echo {buckets} > {Buckets}
            echo {_backlog} > {Backlog.LengthFile}
            ip netns list | grep -o '^{Topology.Prefix}-[a-z]*' | xargs -rn1 ip netns del
            """;
        _guard = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { RedirectStandardInput = true })!;
        File.WriteAllText(Backlog.LengthFile, Backlog.Length.ToString(CultureInfo.InvariantCulture));
        if (limit is { } lower)
        {
            File.WriteAllText(Max, lower.ToString(CultureInfo.InvariantCulture));

            // As many entries a bucket as on a machine whose limit nobody lowered: a full table evicts from a few buckets only.
            File.WriteAllText(Buckets, lower.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>What it is.</summary>
    internal static long Now => long.Parse(File.ReadAllText(Max), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);

    /// <param name="limit">The limit to set; null leaves the machine's.</param>
    /// <param name="cancel">Ends the wait for the lock.</param>
    internal static async Task<LoweredLimit> SetAsync(long? limit, CancellationToken cancel)
    {
        var machine = await MachineLock.TakeAsync(cancel);
        try
        {
            return new LoweredLimit(machine, limit);
        }
        catch
        {
            machine.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        File.WriteAllText(Backlog.LengthFile, _backlog);

        // The lock's own end puts back what it found when it was taken.
        _machine.Dispose();
        _guard.StandardInput.WriteLine("done");
        _guard.StandardInput.Close();
        _guard.WaitForExit();
        _guard.Dispose();
    }
}
