namespace ConntrackOperator.Netfilter.Survey;

/// <summary>
/// The groups of one view that have most entries, in fixed memory: as <see cref="Sampling.HeavyHitters"/>, with more added up
/// for each. What was added up for a group before it was (again) kept is lost, so all of it is 'at least'.
/// </summary>
internal sealed class GroupTable : SlotPurge.IHome<GroupSlot>
{
    private const int SlotBits = 10;
    private const int Slots = 1 << SlotBits;
    private const int Capacity = Slots / 4 * 3;

    private readonly ulong _odd;
    private GroupSlot[] _slots = new GroupSlot[Slots];
    private GroupSlot[] _spare = new GroupSlot[Slots];
    private int _used;

    internal GroupTable(Random random) => _odd = ((ulong)random.NextInt64() << 1) | 1;

    /// <summary>How much a kept count can be short of the true one.</summary>
    internal long Error { get; private set; }

    int SlotPurge.IHome<GroupSlot>.Home(in GroupSlot slot) => Home(slot.Key);

    internal void Clear()
    {
        Array.Clear(_slots);
        _used = 0;
        Error = 0;
    }

    /// <summary>The group's slot, its count one higher; a new one where there was none.</summary>
    internal ref GroupSlot Add(in GroupKey key)
    {
        if (_used >= Capacity)
        {
            Error += SlotPurge.Run(ref _slots, ref _spare, this, out _used);
        }

        for (var index = Home(key); ; index++)
        {
            ref var slot = ref _slots[index & (Slots - 1)];
            if (slot.Count == 0)
            {
                slot = new GroupSlot
                {
                    Key = key,
                    Count = 1,
                    SourceAnd = ulong.MaxValue,
                    SourceHighAnd = ulong.MaxValue,
                    LowestPort = ushort.MaxValue,
                };
                _used++;
                return ref slot;
            }

            if (slot.Key == key)
            {
                slot.Count++;
                return ref slot;
            }
        }
    }

    /// <summary>The groups kept most often of each class, most first.</summary>
    internal IEnumerable<GroupSlot> Top(int mostOfEachClass) => _slots
        .Where(slot => slot.Count > 0)
        .GroupBy(slot => slot.Key.Class)
        .SelectMany(group => group.OrderByDescending(slot => slot.Count).Take(mostOfEachClass));

    private int Home(in GroupKey key)
    {
        var mixed =
            (key.SourceHigh * 3) ^ key.SourceLow ^ (ulong.RotateLeft(key.DestinationLow, 24)
                + (key.DestinationHigh * 5)) ^ ((ulong)key.Rest << 29);
        mixed *= _odd;
        return (int)((mixed ^ (mixed >> 31)) * 0x9E3779B97F4A7C15UL >> (64 - SlotBits));
    }
}
