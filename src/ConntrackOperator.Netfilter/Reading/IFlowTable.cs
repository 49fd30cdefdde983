using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;

namespace ConntrackOperator.Netfilter.Reading;

/// <summary>One place where the kernel shows its table.</summary>
internal interface IFlowTable
{
    FlowSource Source { get; }

    /// <summary>Reads the table, once.</summary>
    /// <param name="filter">What the kernel may leave out. The visitor checks again.</param>
    /// <param name="wanted">What to decode.</param>
    /// <param name="visitor">Gets the entries.</param>
    /// <param name="cancellationToken">Looked at once a datagram or a block.</param>
    /// <exception cref="Netlink.NetlinkException">It can't be read.</exception>
    FlowReadResult Read<TVisitor>(FlowFilter filter, FlowFields wanted, ref TVisitor visitor, CancellationToken cancellationToken)
        where TVisitor : struct, IFlowVisitor;
}
