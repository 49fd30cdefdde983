namespace ConntrackOperator.Netfilter.Interop;

/// <summary>
/// linux/netfilter/nfnetlink_conntrack.h, under its own names. Payloads are in network byte order.
/// A test compiles a C program against the header and compares each one.
/// </summary>
internal static class Ctnetlink
{
    internal const byte NFNETLINK_V0 = 0;
    internal const ushort NFNL_SUBSYS_CTNETLINK = 1;

    // enum cntl_msg_types
    internal const ushort IPCTNL_MSG_CT_NEW = 0;
    internal const ushort IPCTNL_MSG_CT_GET = 1;
    internal const ushort IPCTNL_MSG_CT_DELETE = 2;
    internal const ushort IPCTNL_MSG_CT_GET_CTRZERO = 3;
    internal const ushort IPCTNL_MSG_CT_GET_STATS_CPU = 4;
    internal const ushort IPCTNL_MSG_CT_GET_STATS = 5;
    internal const ushort IPCTNL_MSG_CT_GET_DYING = 6;
    internal const ushort IPCTNL_MSG_CT_GET_UNCONFIRMED = 7;

    // enum ctattr_type
    internal const ushort CTA_TUPLE_ORIG = 1;
    internal const ushort CTA_TUPLE_REPLY = 2;
    internal const ushort CTA_STATUS = 3;
    internal const ushort CTA_PROTOINFO = 4;
    internal const ushort CTA_HELP = 5;
    internal const ushort CTA_NAT_SRC = 6;
    internal const ushort CTA_TIMEOUT = 7;
    internal const ushort CTA_MARK = 8;
    internal const ushort CTA_COUNTERS_ORIG = 9;
    internal const ushort CTA_COUNTERS_REPLY = 10;
    internal const ushort CTA_USE = 11;
    internal const ushort CTA_ID = 12;
    internal const ushort CTA_NAT_DST = 13;
    internal const ushort CTA_SEQ_ADJ_ORIG = 15;
    internal const ushort CTA_SEQ_ADJ_REPLY = 16;
    internal const ushort CTA_SECMARK = 17;
    internal const ushort CTA_ZONE = 18;
    internal const ushort CTA_SECCTX = 19;
    internal const ushort CTA_TIMESTAMP = 20;
    internal const ushort CTA_MARK_MASK = 21;
    internal const ushort CTA_LABELS = 22;
    internal const ushort CTA_LABELS_MASK = 23;
    internal const ushort CTA_SYNPROXY = 24;
    internal const ushort CTA_FILTER = 25;
    internal const ushort CTA_STATUS_MASK = 26;

    // enum ctattr_tuple
    internal const ushort CTA_TUPLE_IP = 1;
    internal const ushort CTA_TUPLE_PROTO = 2;
    internal const ushort CTA_TUPLE_ZONE = 3;

    // enum ctattr_ip
    internal const ushort CTA_IP_V4_SRC = 1;
    internal const ushort CTA_IP_V4_DST = 2;
    internal const ushort CTA_IP_V6_SRC = 3;
    internal const ushort CTA_IP_V6_DST = 4;

    // enum ctattr_l4proto
    internal const ushort CTA_PROTO_NUM = 1;
    internal const ushort CTA_PROTO_SRC_PORT = 2;
    internal const ushort CTA_PROTO_DST_PORT = 3;
    internal const ushort CTA_PROTO_ICMP_ID = 4;
    internal const ushort CTA_PROTO_ICMP_TYPE = 5;
    internal const ushort CTA_PROTO_ICMP_CODE = 6;
    internal const ushort CTA_PROTO_ICMPV6_ID = 7;
    internal const ushort CTA_PROTO_ICMPV6_TYPE = 8;
    internal const ushort CTA_PROTO_ICMPV6_CODE = 9;

    // enum ctattr_protoinfo
    internal const ushort CTA_PROTOINFO_TCP = 1;
    internal const ushort CTA_PROTOINFO_DCCP = 2;
    internal const ushort CTA_PROTOINFO_SCTP = 3;

    // enum ctattr_protoinfo_tcp
    internal const ushort CTA_PROTOINFO_TCP_STATE = 1;
    internal const ushort CTA_PROTOINFO_TCP_WSCALE_ORIGINAL = 2;
    internal const ushort CTA_PROTOINFO_TCP_WSCALE_REPLY = 3;
    internal const ushort CTA_PROTOINFO_TCP_FLAGS_ORIGINAL = 4;
    internal const ushort CTA_PROTOINFO_TCP_FLAGS_REPLY = 5;

    // enum ctattr_protoinfo_dccp
    internal const ushort CTA_PROTOINFO_DCCP_STATE = 1;
    internal const ushort CTA_PROTOINFO_DCCP_ROLE = 2;
    internal const ushort CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ = 3;

    // enum ctattr_protoinfo_sctp
    internal const ushort CTA_PROTOINFO_SCTP_STATE = 1;
    internal const ushort CTA_PROTOINFO_SCTP_VTAG_ORIGINAL = 2;
    internal const ushort CTA_PROTOINFO_SCTP_VTAG_REPLY = 3;

    // enum ctattr_counters
    internal const ushort CTA_COUNTERS_PACKETS = 1;
    internal const ushort CTA_COUNTERS_BYTES = 2;

    // enum ctattr_tstamp
    internal const ushort CTA_TIMESTAMP_START = 1;
    internal const ushort CTA_TIMESTAMP_STOP = 2;

    // enum ctattr_help
    internal const ushort CTA_HELP_NAME = 1;
    internal const ushort CTA_HELP_INFO = 2;

    // enum ctattr_secctx
    internal const ushort CTA_SECCTX_NAME = 1;

    // enum ctattr_stats_cpu
    internal const ushort CTA_STATS_SEARCHED = 1;
    internal const ushort CTA_STATS_FOUND = 2;
    internal const ushort CTA_STATS_NEW = 3;
    internal const ushort CTA_STATS_INVALID = 4;
    internal const ushort CTA_STATS_IGNORE = 5;
    internal const ushort CTA_STATS_DELETE = 6;
    internal const ushort CTA_STATS_DELETE_LIST = 7;
    internal const ushort CTA_STATS_INSERT = 8;
    internal const ushort CTA_STATS_INSERT_FAILED = 9;
    internal const ushort CTA_STATS_DROP = 10;
    internal const ushort CTA_STATS_EARLY_DROP = 11;
    internal const ushort CTA_STATS_ERROR = 12;
    internal const ushort CTA_STATS_SEARCH_RESTART = 13;
    internal const ushort CTA_STATS_CLASH_RESOLVE = 14;
    internal const ushort CTA_STATS_CHAIN_TOOLONG = 15;

    // enum ctattr_filter
    internal const ushort CTA_FILTER_ORIG_FLAGS = 1;
    internal const ushort CTA_FILTER_REPLY_FLAGS = 2;

    // enum ip_conntrack_status of linux/netfilter/nf_conntrack_common.h
    internal const uint IPS_EXPECTED = 1u << 0;
    internal const uint IPS_SEEN_REPLY = 1u << 1;
    internal const uint IPS_ASSURED = 1u << 2;
    internal const uint IPS_CONFIRMED = 1u << 3;
    internal const uint IPS_SRC_NAT = 1u << 4;
    internal const uint IPS_DST_NAT = 1u << 5;
    internal const uint IPS_DYING = 1u << 9;
    internal const uint IPS_FIXED_TIMEOUT = 1u << 10;
    internal const uint IPS_OFFLOAD = 1u << 14;
    internal const uint IPS_HW_OFFLOAD = 1u << 15;
}
