using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>Raises the machine's table for the time, and puts it back, also on Ctrl-C. One process at a time (flock).</summary>
internal sealed class MachineTable : IDisposable
{
    private readonly SysctlDirectory sysctls = new();
    private readonly FileStream file;
    private readonly long max;
    private readonly long buckets;
    private readonly PosixSignalRegistration[] signals;

    internal MachineTable(long entries)
    {
        file = Lock();
        max = Read(SysctlNames.Max);
        buckets = Read(SysctlNames.Buckets);
        signals = [OnSignal(PosixSignal.SIGINT), OnSignal(PosixSignal.SIGTERM)];
        Write(SysctlNames.Buckets, Math.Max(buckets, Buckets.Round(entries)));
        Write(SysctlNames.Max, Math.Max(max, entries + (entries / 8)));
    }

    public void Dispose()
    {
        Restore();
        foreach (var signal in signals)
        {
            signal.Dispose();
        }

        file.Dispose();
    }

    private static FileStream Lock()
    {
        var path = Path.Combine(Path.GetTempPath(), "conntrack-operator-machine.lock");
        for (var said = false; ; said = true)
        {
            try
            {
                // FileShare.None is an flock.
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                if (!said)
                {
                    Console.WriteLine("waiting for whoever else changes the machine's table ...");
                }

                Thread.Sleep(200);
            }
        }
    }

    private PosixSignalRegistration OnSignal(PosixSignal signal) => PosixSignalRegistration.Create(signal, _ => Restore());

    private void Restore()
    {
        Write(SysctlNames.Max, max);
        if (Read(SysctlNames.Buckets) != buckets)
        {
            Write(SysctlNames.Buckets, buckets);
        }
    }

    private long Read(string name) =>
        sysctls.Read(name) is { Status: SysctlStatus.Ok, Value: { } value } ? value : throw new InvalidOperationException(sysctls.Read(name).Message);

    private void Write(string name, long value)
    {
        if (sysctls.Write(name, value) is { Status: not SysctlStatus.Ok } failed)
        {
            throw new InvalidOperationException(failed.Message);
        }
    }
}
