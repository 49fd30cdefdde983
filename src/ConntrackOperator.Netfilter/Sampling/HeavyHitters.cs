using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Survey;

namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>
/// Finds the keys that occur most in a stream of any length, in fixed memory. Counts keys in a hash table, in which
/// <see cref="SlotPurge"/> makes room when it is full. A key's true
/// count is what is kept for it, plus at most <see cref="Error"/>. It is exact while no more than <see cref="Capacity"/> keys
/// occur. Two kinds of a key's entries are counted apart on the way; for those counts the same bound holds, because nothing is
/// taken off them and what a key lost before it was (again) kept was at most the error.
/// </summary>
internal sealed class HeavyHitters : SlotPurge.IHome<HeavyHitters.Slot>
{
    private const int SlotBits = 11;
    private const int Slots = 1 << SlotBits;

    // Secret odd factors: whoever chooses the keys can't choose ones that collide.
    private readonly ulong _first;
    private readonly ulong _second;
    private readonly ulong _third;
    private Slot[] _slots = new Slot[Slots];
    private Slot[] _spare = new Slot[Slots];
    private int _used;

    /// <param name="random">Where the hash's secret comes from.</param>
    internal HeavyHitters(Random random)
    {
        _first = ((ulong)random.NextInt64() << 1) | 1;
        _second = ((ulong)random.NextInt64() << 1) | 1;
        _third = ((ulong)random.NextInt64() << 1) | 1;
    }

    /// <summary>Different keys that are counted exactly.</summary>
    internal static int Capacity => Slots / 4 * 3;

    /// <summary>How much a kept count can be short of the true one; and the most that a key not kept can have occurred.</summary>
    internal long Error { get; private set; }

    int SlotPurge.IHome<Slot>.Home(in Slot slot) => Home(slot.Key);

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        Array.Clear(_slots);
        _used = 0;
        Error = 0;
    }

    internal void Add(in TalkerKey key, TalkerKind kind)
    {
        var table = _slots;
        var index = Home(key);
        while (true)
        {
            ref var slot = ref table[index & (Slots - 1)];
            if (slot.Count != 0 && slot.Key.Equals(key))
            {
                slot.Count++;
                slot.First += kind == TalkerKind.First ? 1u : 0;
                slot.Second += kind == TalkerKind.Second ? 1u : 0;
                return;
            }

            if (slot.Count == 0)
            {
                slot.Key = key;
                slot.Count = 1;
                slot.First = kind == TalkerKind.First ? 1u : 0;
                slot.Second = kind == TalkerKind.Second ? 1u : 0;
                if (++_used > Capacity)
                {
                    Error += SlotPurge.Run(ref _slots, ref _spare, this, out _used);
                }

                return;
            }

            index++;
        }
    }

    /// <summary>The keys kept most often, most first, by all of their entries or those of one kind; none without any.</summary>
    internal List<(TalkerKey Key, long Count)> Top(int most, TalkerKind kind = TalkerKind.All)
    {
        var kept = new List<(TalkerKey Key, long Count)>(Capacity);
        foreach (ref readonly var slot in _slots.AsSpan())
        {
            var count = slot.Count == 0 ? 0 : kind switch
            {
                TalkerKind.First => slot.First,
                TalkerKind.Second => slot.Second,
                _ => slot.Count,
            };
            if (count > 0)
            {
                kept.Add((slot.Key, count));
            }
        }

        kept.Sort(static (a, b) => b.Count.CompareTo(a.Count));
        return kept.Count > most ? kept[..most] : kept;
    }

    // Multiply-shift hashing: the high bits of the product are the good ones.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Home(in TalkerKey key) =>
        (int)(((key.High * _first) + (key.Low * _second) + (key.Rest * _third)) >> (64 - SlotBits));

    // 32 bits are enough: nf_conntrack_max is a 32-bit number. 32 bytes: two slots a cache line.
    [StructLayout(LayoutKind.Sequential, Pack = sizeof(uint))]
    internal struct Slot : SlotPurge.ISlot
    {
        internal TalkerKey Key;
        internal uint First;
        internal uint Second;

        public uint Count { readonly get; set; }
    }
}
