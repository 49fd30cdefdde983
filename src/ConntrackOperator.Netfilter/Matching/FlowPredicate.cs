using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;

namespace ConntrackOperator.Netfilter.Matching;

/// <summary>A <see cref="FlowFilter"/> made ready to be asked for each entry.</summary>
internal sealed class FlowPredicate
{
    private readonly FlowFilter _filter;
    private readonly FlowMatch _match;
    private readonly bool[] _classes = new bool[FlowClass.Count];
    private IdleClock? _idle;
    private IdleClock? _ifHeld;
    private readonly long _idleSeconds;
    private readonly bool _hasPorts;
    private readonly bool _hasIcmp;
    private readonly bool _hasGre;

    /// <param name="filter">The conditions.</param>
    /// <param name="idle">Needed when the filter asks for idle time: at least so long must be certain.</param>
    /// <exception cref="ArgumentException">A state that no protocol has, or idle time without a clock.</exception>
    internal FlowPredicate(FlowFilter filter, IdleClock? idle)
    {
        _filter = filter;
        _match = filter.Match ?? new FlowMatch();
        (_hasPorts, _hasIcmp, _hasGre) = (_match.HasPorts, _match.HasIcmp, _match.HasGre);
        foreach (var state in _match.States)
        {
            if (!FlowStates.IsKnown(state, _match.Protocol))
            {
                throw new ArgumentException(
                    $"'{state}' is not a state of {(_match.Protocol is { } p ? FlowProtocols.Name(p) : "any protocol")}.");
            }
        }

        for (var i = 0; i < _classes.Length; i++)
        {
            _classes[i] = MatchesClass(_match, i);
        }

        if (_match.IdleFor is { } idleFor)
        {
            Use(idle ?? throw new ArgumentException("Idle time can't be told without knowing the time-outs.", nameof(idle)));
            _idleSeconds = (long)Math.Ceiling(idleFor.TotalSeconds);
        }
    }

    /// <summary>What has to be decoded for it.</summary>
    internal FlowFields Needs =>
        FlowFields.Status
        | (_match.States.Count > 0 ? FlowFields.State : 0)
        | (_match.IdleFor is not null ? IdleClock.Needs : 0)
        | (_filter.Mark is not null ? FlowFields.Mark : 0)
        | (_match.AsksForReply ? FlowFields.Reply : 0)
        | (_match.Zone is not null ? FlowFields.Zone | FlowFields.Reply | FlowFields.ReplyZone : 0);

    /// <summary>From now on idle times are told by another clock.</summary>
    internal void Use(IdleClock idle)
    {
        _idle = idle;
        _ifHeld = idle.AssumesHeld ? null : idle.AssumingHeld();
    }

    internal bool Matches(scoped in Flow flow) =>
        _classes[FlowClass.Of(flow)]
        && MatchesFilter(flow)
        && MatchesPorts(flow)
        && (!_hasIcmp || MatchesIcmp(flow))
        && (!_hasGre || MatchesGre(flow))
        && (_match.Source is not { } source || source.Contains(flow.Original.Source))
        && (_match.Destination is not { } destination || destination.Contains(flow.Original.Destination))
        && (_match.ReplySource is not { } replySource || replySource.Contains(flow.Reply.Source))
        && (_match.ReplyDestination is not { } replyDestination || replyDestination.Contains(flow.Reply.Destination))
        && (_match.Zone is not { } zone || InZone(flow, zone))
        && (_idle is null || MatchesIdle(flow));

    /// <summary>
    /// Entries that did not match for want of certainty alone: their idle time is long enough if the time-outs that were found first
    /// had held before.
    /// </summary>
    internal long MatchingIfHeld { get; set; }

    /// <summary>Whether protocol, state, reply and being assured are as the match asks.</summary>
    internal static bool MatchesClass(FlowMatch match, int index)
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

    private bool MatchesPorts(scoped in Flow flow) => !_hasPorts || (flow.Original.HasPorts
        && (_match.SourcePort is not { } source || flow.Original.SourcePort == source)
        && (_match.DestinationPort is not { } destination || flow.Original.DestinationPort == destination)
        && (_match.ReplySourcePort is not { } replySource || flow.Reply.SourcePort == replySource)
        && (_match.ReplyDestinationPort is not { } replyDestination || flow.Reply.DestinationPort == replyDestination));

    private bool MatchesIcmp(scoped in Flow flow) => FlowProtocols.IsIcmp(flow.Protocol)
        && _match.Icmp.Matches(flow.Original.IcmpType, flow.Original.IcmpCode, flow.Original.IcmpId)
        && (_match.ReplyIcmp.IsEmpty || _match.ReplyIcmp.Matches(flow.Reply.IcmpType, flow.Reply.IcmpCode, flow.Reply.IcmpId));

    private bool MatchesGre(scoped in Flow flow) => FlowProtocols.IsGre(flow.Protocol)
        && _match.Gre.Matches(flow.Original.SourceKey, flow.Original.DestinationKey)
        && (_match.ReplyGre.IsEmpty || _match.ReplyGre.Matches(flow.Reply.SourceKey, flow.Reply.DestinationKey));

    private bool MatchesIdle(scoped in Flow flow)
    {
        if (_idle!.Of(flow).LeastSeconds >= _idleSeconds)
        {
            return true;
        }

        if (_ifHeld is not null && _ifHeld.Of(flow).LeastSeconds >= _idleSeconds)
        {
            MatchingIfHeld++;
        }

        return false;
    }

    private bool MatchesFilter(scoped in Flow flow) =>
        (_filter.Family == FlowFamily.Any || flow.IsIPv6 == (_filter.Family == FlowFamily.IPv6))
        && (flow.Status & _filter.StatusMask) == (_filter.Status & _filter.StatusMask)
        && (_filter.Mark is not { } mark || (flow.Mark & _filter.MarkMask) == (mark & _filter.MarkMask));

    // An entry has one zone: of both directions (0 is not sent), or of one of them.
    private static bool InZone(scoped in Flow flow, ushort zone) =>
        flow.Has(FlowFields.OriginalZone) ? flow.OriginalZone == zone
        : flow.Has(FlowFields.ReplyZone) ? flow.ReplyZone == zone
        : flow.Zone == zone;
}
