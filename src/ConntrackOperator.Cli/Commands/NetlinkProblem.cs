using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Cli.Commands;

/// <summary>What to do when the kernel refuses to show or change its table.</summary>
internal static class NetlinkProblem
{
    // errno.h
    private const int NotPermitted = 1;

    public static string Explain(NetlinkException problem) => problem.Errno == NotPermitted
        ? $"{problem.Message.TrimEnd('.')}. It takes root or CAP_NET_ADMIN in this network namespace; try sudo"
        : problem.Message;
}
