namespace ConntrackOperator.Netfilter.Survey;

/// <summary>The entries of one look, as 64-bit fingerprints: eight bytes each, and room for as many again.</summary>
internal sealed class EntrySet
{
    private const int Least = 1 << 10;

    private ulong[] _slots = new ulong[Least];

    internal int Count { get; private set; }

    internal void Clear()
    {
        Array.Clear(_slots);
        Count = 0;
    }

    internal void Add(ulong fingerprint)
    {
        if (2 * (Count + 1) > _slots.Length)
        {
            Grow();
        }

        Count += Put(_slots, fingerprint | 1) ? 1 : 0;
    }

    internal bool Contains(ulong fingerprint)
    {
        fingerprint |= 1;
        for (var index = (int)(fingerprint >> 32); ; index++)
        {
            var held = _slots[index & (_slots.Length - 1)];
            if (held == fingerprint || held == 0)
            {
                return held != 0;
            }
        }
    }

    private static bool Put(ulong[] slots, ulong fingerprint)
    {
        for (var index = (int)(fingerprint >> 32); ; index++)
        {
            ref var slot = ref slots[index & (slots.Length - 1)];
            if (slot == fingerprint)
            {
                return false;
            }

            if (slot == 0)
            {
                slot = fingerprint;
                return true;
            }
        }
    }

    private void Grow()
    {
        var larger = new ulong[_slots.Length * 2];
        foreach (var held in _slots)
        {
            if (held != 0)
            {
                Put(larger, held);
            }
        }

        _slots = larger;
    }
}
