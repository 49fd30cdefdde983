using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Sampling;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>A <see cref="FlowFilter"/> made ready to be asked for each entry.</summary>
internal sealed class FlowPredicate
{
    private readonly FlowFilter filter;
    private readonly FlowMatch match;
    private readonly bool[] classes = new bool[FlowClass.Count];
    private readonly IdleClock? idle;
    private readonly long idleSeconds;

    /// <param name="filter">The conditions.</param>
    /// <param name="timeouts">Needed when the filter asks for idle time.</param>
    /// <exception cref="ArgumentException">A state that no protocol has, or idle time without time-outs.</exception>
    internal FlowPredicate(FlowFilter filter, TimeoutTable? timeouts)
    {
        this.filter = filter;
        match = filter.Match ?? new FlowMatch();
        foreach (var state in match.States)
        {
            if (!FlowStates.IsKnown(state, match.Protocol))
            {
                throw new ArgumentException($"'{state}' is not a state of {(match.Protocol is { } p ? FlowProtocols.Name(p) : "any protocol")}.");
            }
        }

        for (var i = 0; i < classes.Length; i++)
        {
            classes[i] = MatchesClass(i);
        }

        if (match.IdleFor is { } idleFor)
        {
            idle = new IdleClock(timeouts ?? throw new ArgumentException("Idle time can't be told without the configured time-outs.", nameof(timeouts)));
            idleSeconds = (long)Math.Ceiling(idleFor.TotalSeconds);
        }
    }

    /// <summary>What has to be decoded for it.</summary>
    internal FlowFields Needs =>
        FlowFields.Status
        | (match.States.Count > 0 || match.IdleFor is not null ? FlowFields.State : 0)
        | (match.IdleFor is not null ? FlowFields.Timeout : 0)
        | (filter.Mark is not null ? FlowFields.Mark : 0)
        | (filter.Zone is not null ? FlowFields.Zone | FlowFields.Reply | FlowFields.ReplyZone : 0);

    internal bool Matches(scoped in Flow flow) =>
        classes[FlowClass.Of(flow)]
        && MatchesFilter(flow)
        && (match.DestinationPort is not { } port || (flow.Original.HasPorts && flow.Original.DestinationPort == port))
        && (match.Source is not { } source || source.Contains(flow.Original.Source))
        && (match.Destination is not { } destination || destination.Contains(flow.Original.Destination))
        && (idle is null || (idle.TryIdle(flow, out var seconds) && seconds >= idleSeconds));

    private bool MatchesFilter(scoped in Flow flow) =>
        (filter.Family == FlowFamily.Any || flow.IsIPv6 == (filter.Family == FlowFamily.IPv6))
        && (flow.Status & filter.StatusMask) == (filter.Status & filter.StatusMask)
        && (filter.Mark is not { } mark || (flow.Mark & filter.MarkMask) == (mark & filter.MarkMask))
        && (filter.Zone is not { } zone || InZone(flow, zone));

    // An entry has one zone: of both directions (0 is not sent), or of one of them.
    private static bool InZone(scoped in Flow flow, ushort zone) =>
        flow.Has(FlowFields.OriginalZone) ? flow.OriginalZone == zone
        : flow.Has(FlowFields.ReplyZone) ? flow.ReplyZone == zone
        : flow.Zone == zone;

    private bool MatchesClass(int index)
    {
        var status = FlowClass.Status(index);
        if ((match.Protocol is { } protocol && FlowClass.Protocol(index) != protocol)
            || (match.Unreplied is { } unreplied && ((status & FlowStatus.SeenReply) == 0) != unreplied)
            || (match.Assured is { } assured && ((status & FlowStatus.Assured) != 0) != assured))
        {
            return false;
        }

        if (match.States.Count == 0)
        {
            return true;
        }

        var name = FlowClass.StateName(index);
        foreach (var state in match.States)
        {
            if (string.Equals(state, name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
