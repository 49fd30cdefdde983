using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Survey;

/// <summary>From what was added up for a group to what is told of it. Pure.</summary>
internal static class TrafficGroupBuilder
{
    internal static TrafficGroup Group(TrafficView view, TrafficClass kind, GroupSlot slot, long error)
    {
        var key = slot.Key;
        var (source, prefix) = view switch
        {
            TrafficView.SourceNetwork => Network(key.Source, slot),
            TrafficView.Source or TrafficView.Pair or TrafficView.Translation => (key.Source, 0),
            _ => ((FlowAddress?)null, 0),
        };
        var idle = new long[TrafficGroup.IdleBounds.Count];
        for (var i = 0; i < idle.Length; i++)
        {
            idle[i] = slot.Idle[i];
        }

        return new TrafficGroup
        {
            View = view,
            Class = kind,
            Protocol = key.Protocol,
            Source = source,
            PrefixLength = prefix,
            Destination = view is TrafficView.Destination or TrafficView.Pair or TrafficView.Translation ? key.Destination : null,
            Port = key.Port,
            Count = slot.Count,
            CountError = error,
            New = slot.New,
            Known = slot.Known,
            Speaking = slot.Speaking,
            Silent = slot.Silent,
            Spoken = slot.Spoken,
            DestinationTranslated = slot.DestinationTranslated,
            SourceTranslated = slot.SourceTranslated,
            Sources = GroupSlot.Distinct(slot.SourceBits),
            Destinations = GroupSlot.Distinct(slot.DestinationBits),
            Ports = GroupSlot.Distinct(slot.PortBits),
            LowestPort = view == TrafficView.Translation ? slot.LowestPort : (ushort)0,
            HighestPort = view == TrafficView.Translation ? slot.HighestPort : (ushort)0,
            IdleCounts = idle,
        };
    }

    // The first bits of 64: none below 1, all from 64 on.
    private static ulong Mask(int bits) => bits <= 0 ? 0 : bits >= 64 ? ulong.MaxValue : ulong.MaxValue << (64 - bits);

    /// <summary>The bits that all sources seen have in common, not fewer than the group's own.</summary>
    private static (FlowAddress Address, int Prefix) Network(FlowAddress start, in GroupSlot slot)
    {
        if (start.IsIPv6)
        {
            var (high, low) = (slot.SourceHighAnd ^ slot.SourceHighOr, slot.SourceAnd ^ slot.SourceOr);
            var bits = high != 0
                ? System.Numerics.BitOperations.LeadingZeroCount(high) : 64 + System.Numerics.BitOperations.LeadingZeroCount(low);
            return (
                new FlowAddress(slot.SourceHighAnd & Mask(bits), slot.SourceAnd & Mask(bits - 64), start.IsIPv6), bits);
        }

        var differ = (uint)((slot.SourceAnd ^ slot.SourceOr) & uint.MaxValue);
        var prefix = System.Numerics.BitOperations.LeadingZeroCount(differ);
        return (FlowAddress.V4((uint)slot.SourceAnd & (prefix == 0 ? 0 : uint.MaxValue << (32 - prefix))), Math.Min(32, prefix));
    }
}
