using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Reading;

/// <summary>Chooses where the table is read.</summary>
internal sealed class FlowTables(CtnetlinkTable ctnetlink, ProcTable proc)
{
    /// <summary>The kernel's own places.</summary>
    internal static FlowTables Of(string procPath) => new(new CtnetlinkTable(NetlinkSocket.Open), new ProcTable(procPath));

    /// <summary>Reads from the place asked for; where that is up to us, from /proc if ctnetlink says no before it gave anything.</summary>
    /// <exception cref="NetlinkException">No place can be read. The error is ctnetlink's, unless /proc alone was asked for.</exception>
    internal FlowReadResult Read<TVisitor>(
        FlowSource source, FlowFilter filter, FlowFields wanted, ref TVisitor visitor, CancellationToken cancellationToken)
        where TVisitor : struct, IFlowVisitor
    {
        if (source == FlowSource.Proc)
        {
            return proc.Read(filter, wanted, ref visitor, cancellationToken);
        }

        try
        {
            return ctnetlink.Read(filter, wanted, ref visitor, cancellationToken);
        }
        catch (NetlinkException e) when (source == FlowSource.Automatic && e.IsNotAvailable && visitor.Restart())
        {
            try
            {
                return proc.Read(filter, wanted, ref visitor, cancellationToken);
            }
            catch (NetlinkException)
            {
                throw e;
            }
        }
    }
}
