namespace ConntrackOperator.Netfilter.Interop;

/// <summary>
/// What of linux/rtnetlink.h and linux/pkt_cls.h asks for traffic control's actions, under their own names. A test compiles a C program
/// against the headers and compares each one.
/// </summary>
internal static class TcActions
{
    internal const int NETLINK_ROUTE = 0;
    internal const ushort RTM_GETACTION = 50;

    internal const int TCA_ACT_TAB = 1;
    internal const int TCA_ACT_KIND = 1;
    internal const int TCA_ACT_INDEX = 3;
}
