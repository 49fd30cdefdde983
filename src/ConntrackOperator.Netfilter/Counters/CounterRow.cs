using System.Runtime.CompilerServices;

namespace ConntrackOperator.Netfilter.Counters;

/// <summary>One CPU's counters as the kernel holds them: 32 bit, wrapping.</summary>
internal struct CounterRow
{
    internal const int FieldCount = (int)CounterField.ChainTooLong + 1;

    /// <summary>Which CPU.</summary>
    internal int Cpu;

    private Fields _fields;

    internal uint this[CounterField field]
    {
        readonly get => _fields[(int)field];
        set => _fields[(int)field] = value;
    }

    [InlineArray(FieldCount)]
    private struct Fields
    {
        private uint _first;
    }
}
