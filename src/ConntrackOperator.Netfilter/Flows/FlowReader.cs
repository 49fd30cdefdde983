using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Flows;

/// <summary>Reads the entries of the calling thread's network namespace, one by one and without an allocation for each.</summary>
public sealed class FlowReader
{
    private readonly FlowTables _tables;
    private readonly SysctlDirectory _sysctls;
    private readonly FlowSource _source;

    /// <summary>Opens nothing yet.</summary>
    /// <param name="source">Where to read.</param>
    /// <param name="procPath">Where procfs is mounted.</param>
    /// <param name="sysctls">Where the time-outs are, for a filter by idle time; null is the default directory.</param>
    public FlowReader(FlowSource source = FlowSource.Automatic, string procPath = "/proc", SysctlDirectory? sysctls = null)
        : this(FlowTables.Of(procPath), source, sysctls)
    {
    }

    internal FlowReader(FlowTables tables, FlowSource source, SysctlDirectory? sysctls)
    {
        _tables = tables;
        _source = source;
        _sysctls = sysctls ?? new SysctlDirectory();
    }

    /// <summary>Hands every entry that the filter lets through to <paramref name="visitor"/>.</summary>
    /// <param name="filter">Which entries.</param>
    /// <param name="visitor">Gets them.</param>
    /// <param name="ct">Looked at about every hundred entries.</param>
    /// <returns>How it went. Not complete when the visitor stopped it.</returns>
    /// <exception cref="Netlink.NetlinkException">The table can't be read, or not to its end.</exception>
    /// <exception cref="ArgumentException">The filter names a state that the protocol does not have.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public FlowReadResult Read(FlowFilter filter, FlowVisitor visitor, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(visitor);
        var timeouts = filter.Match?.IdleFor is null ? null : TimeoutTable.Read(_sysctls);
        var filtering = new FilteringVisitor(new FlowPredicate(filter, timeouts), visitor);
        return _tables.Read(_source, filter, FlowFields.All, ref filtering, ct);
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
        public readonly bool Restart() => !_handedOn;
    }
}
