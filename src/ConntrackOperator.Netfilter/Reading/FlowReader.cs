using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Matching;

namespace ConntrackOperator.Netfilter.Reading;

/// <summary>Reads the entries of the calling thread's network namespace, one by one and without an allocation for each.</summary>
public sealed class FlowReader
{
    private readonly FlowTables _tables;
    private readonly TimeoutWatch _timeouts;
    private readonly FlowSource _source;

    /// <summary>Opens nothing yet.</summary>
    /// <param name="source">Where to read.</param>
    /// <param name="procPath">Where procfs is mounted.</param>
    /// <param name="timeouts">
    /// What is known of the time-outs, for a filter by idle time; null: nothing from before the reading, so that no entry counts as idle.
    /// </param>
    public FlowReader(FlowSource source = FlowSource.Automatic, string procPath = "/proc", TimeoutWatch? timeouts = null)
        : this(FlowTables.Of(procPath), source, timeouts)
    {
    }

    internal FlowReader(FlowTables tables, FlowSource source, TimeoutWatch? timeouts)
    {
        _tables = tables;
        _source = source;
        _timeouts = timeouts ?? new TimeoutWatch();
    }

    /// <summary>Hands every entry that the filter lets through to <paramref name="visitor"/>.</summary>
    /// <param name="filter">Which entries.</param>
    /// <param name="visitor">Gets them.</param>
    /// <param name="cancellationToken">Looked at about every hundred entries.</param>
    /// <returns>How it went. Not complete when the visitor stopped it.</returns>
    /// <exception cref="Netlink.NetlinkException">The table can't be read, or not to its end.</exception>
    /// <exception cref="ArgumentException">The filter names a state that the protocol does not have.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public FlowReadResult Read(FlowFilter filter, FlowVisitor visitor, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(visitor);
        var idle = filter.Match?.IdleFor is null ? null : _timeouts.Clock(filter.Match.TimeoutsHeld);
        var predicate = new FlowPredicate(filter, idle);
        var filtering = new FilteringVisitor(predicate, visitor);
        return _tables.Read(_source, filter, FlowFields.All, ref filtering, cancellationToken) with
        {
            MatchingIfHeld = predicate.MatchingIfHeld,
        };
    }

    private struct FilteringVisitor(FlowPredicate predicate, FlowVisitor visitor) : IFlowVisitor
    {
        private bool _handedOn;

        public bool Visit(scoped in Flow flow)
        {
            if (!predicate.Matches(flow))
            {
                return true;
            }

            _handedOn = true;
            return visitor(flow);
        }

        // What was handed on can't be taken back.
        public readonly bool Restart()
        {
            predicate.MatchingIfHeld = 0;
            return !_handedOn;
        }
    }
}
