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

    private static (FlowAddress Address, int Prefix) Network(FlowAddress start, in GroupSlot slot)
    {
        if (start.IsIPv6)
        {
            return (start, 32);
        }

        var differ = (uint)((slot.SourceAnd ^ slot.SourceOr) & uint.MaxValue);
        var prefix = System.Numerics.BitOperations.LeadingZeroCount(differ);
        return (FlowAddress.V4((uint)slot.SourceAnd & (prefix == 0 ? 0 : uint.MaxValue << (32 - prefix))), Math.Min(32, prefix));
    }
}
