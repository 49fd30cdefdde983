using System.Security.Cryptography;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Survey;

namespace ConntrackOperator.Netfilter.Translation;

/// <summary>
/// Finds the translated addresses and destinations with most ports in use, look after look, in fixed memory. Not thread-safe.
/// </summary>
public sealed class PortSurvey
{
    internal const FlowFields Needs = FlowFields.Reply;

    private const int Most = 32;

    private readonly GroupTable _pairs = new(new Random(RandomNumberGenerator.GetInt32(int.MaxValue)));
    private long _looked;

    /// <summary>What the last look found, most ports first; empty before the first.</summary>
    public IReadOnlyList<PortUse> Latest { get; private set; } = [];

    internal void Clear()
    {
        _pairs.Clear();
        _looked = 0;
    }

    internal void Add(scoped in Flow flow)
    {
        _looked++;
        ref readonly var original = ref flow.Original;
        if (!original.HasPorts || !flow.IsSourceTranslated)
        {
            return;
        }

        ref var slot = ref _pairs.Add(GroupKey.OfTranslation(flow.Reply));
        var port = flow.Reply.DestinationPort;
        slot.Moved += port == original.SourcePort ? 0u : 1u;
        slot.LowestPort = Math.Min(slot.LowestPort, port);
        slot.HighestPort = Math.Max(slot.HighestPort, port);
        slot.SourceAnd &= original.SourceLow;
        slot.SourceOr |= original.SourceLow;
    }

    /// <param name="entries">Entries of the table.</param>
    /// <param name="complete">Whether all of them were looked at.</param>
    internal void End(long entries, bool complete)
    {
        var scale = complete || _looked == 0 ? 1 : Math.Max(1, (double)entries / _looked);
        Latest =
        [
            .. _pairs.Top(Most).Select(slot => new PortUse(slot.Key.Source, slot.Key.Destination, slot.Key.Port, slot.Key.Protocol)
            {
                Ports = (long)(slot.Count * scale),
                IsExact = false,
                Seen = slot.Count,
                Moved = slot.Moved,
                Lowest = slot.LowestPort,
                Highest = slot.HighestPort,
                OnlyClient = slot.SourceAnd == slot.SourceOr && !slot.Key.Source.IsIPv6 ? FlowAddress.V4((uint)slot.SourceAnd) : null,
            }).OrderByDescending(use => use.Ports),
        ];
    }
}
