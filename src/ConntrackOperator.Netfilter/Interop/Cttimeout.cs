namespace ConntrackOperator.Netfilter.Interop;

/// <summary>
/// linux/netfilter/nfnetlink_cttimeout.h, and what of nf_tables.h has to do with time-outs, under their own names.
/// A test compiles a C program against the headers and compares each one.
/// </summary>
internal static class Cttimeout
{
    internal const byte NFNL_SUBSYS_CTNETLINK_TIMEOUT = 8;
    internal const byte NFNL_SUBSYS_NFTABLES = 10;

    internal const ushort IPCTNL_MSG_TIMEOUT_NEW = 0;
    internal const ushort IPCTNL_MSG_TIMEOUT_GET = 1;

    internal const ushort CTA_TIMEOUT_L4PROTO = 3;
    internal const ushort CTA_TIMEOUT_DATA = 4;

    internal const ushort NFT_MSG_NEWOBJ = 18;
    internal const ushort NFT_MSG_GETOBJ = 19;
    internal const ushort NFT_MSG_NEWFLOWTABLE = 22;
    internal const ushort NFT_MSG_GETFLOWTABLE = 23;

    internal const ushort NFTA_OBJ_TYPE = 3;
    internal const ushort NFTA_OBJ_DATA = 4;
    internal const uint NFT_OBJECT_CT_TIMEOUT = 7;

    internal const ushort NFTA_CT_TIMEOUT_L4PROTO = 2;
    internal const ushort NFTA_CT_TIMEOUT_DATA = 3;
}
