namespace ConntrackOperator.Netfilter.Survey;

/// <summary>
/// Makes room in a full hash table of counts: takes the median of the counts off all of them and lets go of those that come to nothing
/// (Misra and Gries 1982, as Anderson et al. 2017 do it: "A High-Performance Algorithm for Identifying Frequent Items in Data Streams").
/// </summary>
internal static class SlotPurge
{
    // Enough for a median that is near the true one; a bad one costs speed, never correctness.
    private const int MedianSample = 255;

    /// <summary>Something that is counted, in a table with open addressing; a count of 0 is an empty slot.</summary>
    internal interface ISlot
    {
        uint Count { get; set; }
    }

    /// <summary>Says where in the table a slot's key belongs; what is past its end begins anew.</summary>
    /// <typeparam name="TSlot">The slots.</typeparam>
    internal interface IHome<TSlot>
    {
        int Home(in TSlot slot);
    }

    /// <summary>Moves what is left to the spare table, and changes the two over.</summary>
    /// <param name="slots">The table; its length is a power of two.</param>
    /// <param name="spare">Another of the same length. What it holds is lost.</param>
    /// <param name="hash">Where slots belong.</param>
    /// <param name="used">How many are left.</param>
    /// <returns>What was taken off each count.</returns>
    internal static uint Run<TSlot, THash>(ref TSlot[] slots, ref TSlot[] spare, THash hash, out int used)
        where TSlot : struct, ISlot
        where THash : IHome<TSlot>
    {
        var less = Median(slots);
        Array.Clear(spare);
        used = 0;
        foreach (ref readonly var slot in slots.AsSpan())
        {
            if (slot.Count <= less)
            {
                continue;
            }

            var index = hash.Home(slot);
            while (spare[index & (spare.Length - 1)].Count != 0)
            {
                index++;
            }

            ref var place = ref spare[index & (spare.Length - 1)];
            place = slot;
            place.Count -= less;
            used++;
        }

        (slots, spare) = (spare, slots);
        return less;
    }

    private static uint Median<TSlot>(TSlot[] slots)
        where TSlot : struct, ISlot
    {
        Span<uint> sample = stackalloc uint[MedianSample];
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

        sample[..taken].Sort();
        return sample[taken / 2];
    }
}
