using ConntrackOperator.Netfilter.Counters;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Engine.Observation;

/// <summary>Reads how full the table is and what goes wrong. Not thread-safe.</summary>
public sealed class TableObserver : IDisposable
{
    private readonly SysctlDirectory _sysctls;
    private readonly CounterReader _counters;
    private readonly RateMeter _rates;
    private readonly EntryExtensions _extensions;
    private readonly int? _slotBytes;

    /// <summary>Reads from the kernel of this machine, or from trees that imitate it.</summary>
    /// <param name="sysctls">The keys.</param>
    /// <param name="procPath">/proc.</param>
    /// <param name="sysPath">/sys.</param>
    /// <param name="time">For rates.</param>
    public TableObserver(SysctlDirectory sysctls, string procPath, string sysPath, TimeProvider time)
    {
        _sysctls = sysctls;
        _extensions = new EntryExtensions(sysctls, procPath, sysPath);
        _counters = new CounterReader(procPath, time);
        _rates = new RateMeter(time);
        _slotBytes = SlabInfo.ReadSlotBytes(procPath);
    }

    /// <summary>Reads.</summary>
    public TableReading Read()
    {
        var max = _sysctls.Read(SysctlNames.Max).Value;
        var buckets = _sysctls.Read(SysctlNames.Buckets).Value;
        var entries = _sysctls.Read(SysctlNames.Count).Value;
        var rates = _counters.TryRead(new TableFill(entries, max), out var counters) ? _rates.Update(counters) : null;
        var extensions = _extensions.Why();
        var entryBytes = (_slotBytes ?? TableSizing.BytesPerBareEntry) + (extensions is null ? 0 : TableSizing.BytesPerExtensions);
        return new TableReading(
            entries,
            max == 0 ? null : max,
            buckets,
            max is > 0 && buckets is >= 0 ? TableSizing.MemoryBytes(max.Value, buckets.Value, entryBytes) : null,
            counters,
            rates,
            NoLimit: max == 0)
        {
            EntryBytes = entryBytes,
            ExtensionsWhy = extensions,
        };
    }

    /// <inheritdoc />
    public void Dispose() => _counters.Dispose();
}
