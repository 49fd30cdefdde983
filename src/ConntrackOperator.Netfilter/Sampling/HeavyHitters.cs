namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>
/// Finds the keys that occur most in a stream of any length, in fixed memory. Counts keys in a hash table; when it is full,
/// takes the median of the counts off all of them and lets go of those that come to nothing (Misra and Gries 1982, as
/// Anderson et al. 2017 do it: "A High-Performance Algorithm for Identifying Frequent Items in Data Streams"). A key's true
/// count is what is kept for it, plus at most <see cref="Error"/>. It is exact while fewer than <see cref="Capacity"/> keys occur.
/// </summary>
internal sealed class HeavyHitters<TKey>
    where TKey : unmanaged, IHashedKey<TKey>
{
    private const int Slots = 4096;

    // Enough for a median that is near the true one; a bad one costs speed, never correctness.
    private const int MedianSample = 255;

    private readonly ulong seed;
    private readonly long[] sample = new long[MedianSample];
    private Slot[] slots = new Slot[Slots];
    private Slot[] spare = new Slot[Slots];
    private int used;

    /// <param name="seed">Keeps whoever chooses the keys from choosing ones that collide.</param>
    internal HeavyHitters(ulong seed) => this.seed = seed;

    /// <summary>Different keys that are counted exactly.</summary>
    internal static int Capacity => Slots / 4 * 3;

    /// <summary>How much a kept count can be short of the true one; and the most that a key not kept can have occurred.</summary>
    internal long Error { get; private set; }

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        Array.Clear(slots);
        used = 0;
        Error = 0;
    }

    internal void Add(in TKey key)
    {
        var table = slots;
        var index = (int)(key.Hash(seed) & (Slots - 1));
        while (true)
        {
            ref var slot = ref table[index];
            if (slot.Count == 0)
            {
                slot.Key = key;
                slot.Count = 1;
                if (++used > Capacity)
                {
                    Purge();
                }

                return;
            }

            if (slot.Key.Equals(key))
            {
                slot.Count++;
                return;
            }

            index = (index + 1) & (Slots - 1);
        }
    }

    /// <summary>The keys kept most often, most first.</summary>
    internal List<(TKey Key, long Count)> Top(int most)
    {
        var kept = new List<(TKey Key, long Count)>(used);
        foreach (ref readonly var slot in slots.AsSpan())
        {
            if (slot.Count > 0)
            {
                kept.Add((slot.Key, slot.Count));
            }
        }

        kept.Sort(static (a, b) => b.Count.CompareTo(a.Count));
        return kept.Count > most ? kept[..most] : kept;
    }

    private void Purge()
    {
        var less = Median();
        Error += less;
        Array.Clear(spare);
        used = 0;
        foreach (ref readonly var slot in slots.AsSpan())
        {
            if (slot.Count <= less)
            {
                continue;
            }

            var index = (int)(slot.Key.Hash(seed) & (Slots - 1));
            while (spare[index].Count != 0)
            {
                index = (index + 1) & (Slots - 1);
            }

            spare[index] = new Slot { Key = slot.Key, Count = slot.Count - less };
            used++;
        }

        (slots, spare) = (spare, slots);
    }

    private long Median()
    {
        var taken = 0;
        foreach (ref readonly var slot in slots.AsSpan())
        {
            if (slot.Count > 0)
            {
                sample[taken++] = slot.Count;
                if (taken == MedianSample)
                {
                    break;
                }
            }
        }

        Array.Sort(sample, 0, taken);
        return sample[taken / 2];
    }

    private struct Slot
    {
        internal TKey Key;
        internal long Count;
    }
}
