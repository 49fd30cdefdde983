using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Reading;

/// <summary>
/// Counts the entries of the calling thread's network namespace that match, each one of them. What the kernel can decide it decides:
/// it then takes some 0.24 µs for each entry of the table, and some 2 µs for each that matches, instead of 2.4 µs for each.
/// </summary>
public sealed class FlowCounter
{
    private readonly CtnetlinkTable _table;
    private readonly TimeoutWatch? _timeouts;

    /// <summary>Opens nothing yet.</summary>
    /// <param name="timeouts">What is known of the time-outs; needed for a match by idle time alone.</param>
    public FlowCounter(TimeoutWatch? timeouts = null)
        : this(NetlinkSocket.Open, timeouts)
    {
    }

    internal FlowCounter(Func<INetlinkTransport> open, TimeoutWatch? timeouts = null)
    {
        _table = new CtnetlinkTable(open);
        _timeouts = timeouts;
    }

    /// <summary>Counts.</summary>
    /// <param name="match">Which entries. Give the protocol with ports, and single IPv4 addresses, to have the kernel do most of the
    /// work.</param>
    /// <param name="cancellationToken">Looked at about every hundred entries that the kernel sends.</param>
    /// <returns>How many match; null when the table changed so that some may have been missed or counted twice.</returns>
    /// <exception cref="NetlinkException">The table can't be read to its end.</exception>
    /// <exception cref="ArgumentException">The match names a state that the protocol does not have, or idle time without
    /// time-outs.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public long? Count(FlowMatch match, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(match);
        var filter = new FlowFilter { Match = match };
        var predicate = new FlowPredicate(filter, match.IdleFor is null ? null : _timeouts?.Clock(match.TimeoutsHeld));
        var visitor = new CountingVisitor(predicate);
        return _table.Read(filter, predicate.Needs, ref visitor, cancellationToken).Complete ? visitor.Entries : null;
    }

    private struct CountingVisitor(FlowPredicate predicate) : IFlowVisitor
    {
        internal long Entries { get; private set; }

        public bool Visit(scoped in Flow flow)
        {
            Entries += predicate.Matches(flow) ? 1 : 0;
            return true;
        }

        public bool Restart()
        {
            Entries = 0;
            return true;
        }
    }
}
