namespace ConntrackOperator.Netfilter.Interop;

/// <summary>linux/netlink.h, under its own names. A test compares each one with the header.</summary>
internal static class Nl
{
    internal const int NETLINK_NETFILTER = 12;
    internal const int SOL_NETLINK = 270;
    internal const int NETLINK_CAP_ACK = 10;
    internal const int NETLINK_EXT_ACK = 11;

    internal const ushort NLM_F_REQUEST = 0x01;
    internal const ushort NLM_F_MULTI = 0x02;
    internal const ushort NLM_F_ACK = 0x04;
    internal const ushort NLM_F_DUMP_INTR = 0x10;
    internal const ushort NLM_F_DUMP = 0x300;
    internal const ushort NLM_F_CAPPED = 0x100;
    internal const ushort NLM_F_ACK_TLVS = 0x200;

    internal const ushort NLMSG_NOOP = 1;
    internal const ushort NLMSG_ERROR = 2;
    internal const ushort NLMSG_DONE = 3;
    internal const ushort NLMSG_OVERRUN = 4;
    internal const ushort NLMSG_MIN_TYPE = 0x10;

    internal const ushort NLMSGERR_ATTR_MSG = 1;
    internal const ushort NLMSGERR_ATTR_OFFS = 2;

    internal const ushort NLA_F_NESTED = 0x8000;
    internal const ushort NLA_F_NET_BYTEORDER = 0x4000;
    internal const ushort NLA_TYPE_MASK = 0x3FFF;

    /// <summary>Bytes of struct nlmsghdr: length, type, flags, sequence number, port.</summary>
    internal const int HeaderBytes = 16;

    /// <summary>Bytes of struct nfgenmsg: family, version, resource id.</summary>
    internal const int GenericBytes = 4;

    /// <summary>Bytes of struct nlattr: length and type.</summary>
    internal const int AttributeHeaderBytes = 4;

    /// <summary>NLMSG_ALIGN and NLA_ALIGN: up to a multiple of four.</summary>
    internal static int Align(int length) => (length + 3) & ~3;
}
