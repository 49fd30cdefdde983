using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>Raises the machine's table for the time, and puts it back, also on Ctrl-C. One process at a time (flock).</summary>
internal sealed class MachineTable : IDisposable
{
    private readonly SysctlDirectory _sysctls = new();
    private readonly FileStream _file;
    private readonly long _max;
    private readonly long _buckets;
    private readonly PosixSignalRegistration[] _signals;

    internal MachineTable(long entries)
    {
        _file = Lock();
        _max = Read(SysctlNames.Max);
        _buckets = Read(SysctlNames.Buckets);
        _signals = [OnSignal(PosixSignal.SIGINT), OnSignal(PosixSignal.SIGTERM)];
        Write(SysctlNames.Buckets, Math.Max(_buckets, Buckets.Round(entries)));
        Write(SysctlNames.Max, Math.Max(_max, entries + (entries / 8)));
    }

    public void Dispose()
    {
        Restore();
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }

        _file.Dispose();
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
        Write(SysctlNames.Max, _max);
        if (Read(SysctlNames.Buckets) != _buckets)
        {
            Write(SysctlNames.Buckets, _buckets);
        }
    }

    private long Read(string name) =>
        _sysctls.Read(name) is { Status: SysctlStatus.Ok, Value: { } value }
            ? value : throw new InvalidOperationException(_sysctls.Read(name).Message);

    private void Write(string name, long value)
    {
        if (_sysctls.Write(name, value) is { Status: not SysctlStatus.Ok } failed)
        {
            throw new InvalidOperationException(failed.Message);
        }
    }
}
