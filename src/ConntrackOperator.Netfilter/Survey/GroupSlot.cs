using System.Numerics;
using System.Runtime.CompilerServices;

namespace ConntrackOperator.Netfilter.Survey;

/// <summary>What is added up for one group.</summary>
internal struct GroupSlot : SlotPurge.ISlot
{
    internal GroupKey Key;
    internal uint New;
    internal uint Known;
    internal uint Speaking;
    internal uint Silent;
    internal uint Spoken;
    internal uint DestinationTranslated;
    internal uint SourceTranslated;

    // Linear counting (Whang et al. 1990): a bit a hash; 64 of them tell one, a few and many apart.
    internal ulong SourceBits;
    internal ulong DestinationBits;
    internal ulong PortBits;
    internal ulong SourceAnd;
    internal ulong SourceOr;
    internal ulong SourceHighAnd;
    internal ulong SourceHighOr;

    // Entries whose source port is another one after translation.
    internal uint Moved;
    internal ushort LowestPort;
    internal ushort HighestPort;
    internal IdleBins Idle;

    /// <summary>How many entries; 0: the slot is empty.</summary>
    public uint Count { readonly get; set; }

    /// <summary>About how many different things set these bits; 250 when all are set.</summary>
    internal static int Distinct(ulong bits)
    {
        var free = 64 - BitOperations.PopCount(bits);
        return free == 0 ? 250 : Math.Min(250, (int)Math.Round(64 * Math.Log(64.0 / free)));
    }

    /// <summary>One number for each of <see cref="TrafficGroup.IdleBounds"/>.</summary>
    [InlineArray(12)]
    internal struct IdleBins
    {
        private uint _first;
    }
}
