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
    internal const ushort CTA_TUPLE_ORIG = 1; // nested CTA_TUPLE_*: who began the connection, to whom
    internal const ushort CTA_TUPLE_REPLY = 2; // nested CTA_TUPLE_*: what an answer looks like; with NAT not the mirror of the original
    internal const ushort CTA_STATUS = 3; // u32, bits IPS_*: seen reply, assured, confirmed, NAT, dying, offloaded
    internal const ushort CTA_PROTOINFO = 4; // nested CTA_PROTOINFO_*: the state of TCP, DCCP or SCTP
    internal const ushort CTA_HELP = 5; // nested CTA_HELP_*: the helper that reads along
    internal const ushort CTA_NAT_SRC = 6; // nested; to create an entry with translated source. Not in dumps
    internal const ushort CTA_TIMEOUT = 7; // u32, seconds left, rounded down; of entries in a flow table it is absent
    internal const ushort CTA_MARK = 8; // u32, ct mark; may be absent when 0
    internal const ushort CTA_COUNTERS_ORIG = 9; // nested CTA_COUNTERS_*: of the original direction; only with nf_conntrack_acct
    internal const ushort CTA_COUNTERS_REPLY = 10; // the same of the reply direction
    internal const ushort CTA_USE = 11; // u32, references to the entry
    internal const ushort CTA_ID = 12; // u32, hash of the address in memory and the tuples: not unique over time
    internal const ushort CTA_NAT_DST = 13; // nested; to create an entry with translated destination. Not in dumps
    internal const ushort CTA_SEQ_ADJ_ORIG = 15; // nested: by how much a helper has moved sequence numbers
    internal const ushort CTA_SEQ_ADJ_REPLY = 16; // the same of the reply direction
    internal const ushort CTA_SECMARK = 17; // u32, of old kernels; CTA_SECCTX has taken its place
    internal const ushort CTA_ZONE = 18; // u16, ct zone of both directions; absent for zone 0
    internal const ushort CTA_SECCTX = 19; // nested CTA_SECCTX_*: the security context, by SELinux
    internal const ushort CTA_TIMESTAMP = 20; // nested CTA_TIMESTAMP_*; only with nf_conntrack_timestamp
    internal const ushort CTA_MARK_MASK = 21; // u32, in requests: which bits of CTA_MARK are compared
    internal const ushort CTA_LABELS = 22; // 128 bits, ct label
    internal const ushort CTA_LABELS_MASK = 23; // 128 bits, in requests that set labels
    internal const ushort CTA_SYNPROXY = 24; // nested: sequence and time stamp offsets of an entry behind a SYN proxy
    internal const ushort CTA_FILTER = 25; // nested CTA_FILTER_*, in requests, since Linux 5.8: which fields of the tuples are compared
    internal const ushort CTA_STATUS_MASK = 26; // u32, in requests: which bits of CTA_STATUS are compared

    // enum ctattr_tuple
    internal const ushort CTA_TUPLE_IP = 1; // nested CTA_IP_*: the addresses
    internal const ushort CTA_TUPLE_PROTO = 2; // nested CTA_PROTO_*: protocol and ports, or what stands for them
    internal const ushort CTA_TUPLE_ZONE = 3; // u16, the zone of this direction alone

    // enum ctattr_ip
    internal const ushort CTA_IP_V4_SRC = 1; // 4 bytes
    internal const ushort CTA_IP_V4_DST = 2; // 4 bytes
    internal const ushort CTA_IP_V6_SRC = 3; // 16 bytes
    internal const ushort CTA_IP_V6_DST = 4; // 16 bytes

    // enum ctattr_l4proto
    internal const ushort CTA_PROTO_NUM = 1; // u8, IPPROTO_*
    internal const ushort CTA_PROTO_SRC_PORT = 2; // u16; of GRE the call's key
    internal const ushort CTA_PROTO_DST_PORT = 3; // u16; of GRE the call's key
    internal const ushort CTA_PROTO_ICMP_ID = 4; // u16, the echo's identifier
    internal const ushort CTA_PROTO_ICMP_TYPE = 5; // u8
    internal const ushort CTA_PROTO_ICMP_CODE = 6; // u8
    internal const ushort CTA_PROTO_ICMPV6_ID = 7; // u16, the echo's identifier
    internal const ushort CTA_PROTO_ICMPV6_TYPE = 8; // u8
    internal const ushort CTA_PROTO_ICMPV6_CODE = 9; // u8

    // enum ctattr_protoinfo
    internal const ushort CTA_PROTOINFO_TCP = 1; // nested CTA_PROTOINFO_TCP_*
    internal const ushort CTA_PROTOINFO_DCCP = 2; // nested CTA_PROTOINFO_DCCP_*
    internal const ushort CTA_PROTOINFO_SCTP = 3; // nested CTA_PROTOINFO_SCTP_*

    // enum ctattr_protoinfo_tcp
    internal const ushort CTA_PROTOINFO_TCP_STATE = 1; // u8, enum tcp_conntrack
    internal const ushort CTA_PROTOINFO_TCP_WSCALE_ORIGINAL = 2; // u8, the window scale that the original direction announced
    internal const ushort CTA_PROTOINFO_TCP_WSCALE_REPLY = 3; // the same of the reply direction
    internal const ushort CTA_PROTOINFO_TCP_FLAGS_ORIGINAL = 4; // struct nf_ct_tcp_flags: u8 IP_CT_TCP_FLAG_*, u8 mask
    internal const ushort CTA_PROTOINFO_TCP_FLAGS_REPLY = 5; // the same of the reply direction

    // enum ctattr_protoinfo_dccp
    internal const ushort CTA_PROTOINFO_DCCP_STATE = 1; // u8, enum ct_dccp_states
    internal const ushort CTA_PROTOINFO_DCCP_ROLE = 2; // u8: who is the client
    internal const ushort CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ = 3; // u64

    // enum ctattr_protoinfo_sctp
    internal const ushort CTA_PROTOINFO_SCTP_STATE = 1; // u8, enum sctp_conntrack
    internal const ushort CTA_PROTOINFO_SCTP_VTAG_ORIGINAL = 2; // u32, verification tag
    internal const ushort CTA_PROTOINFO_SCTP_VTAG_REPLY = 3; // u32, verification tag

    // enum ctattr_counters
    internal const ushort CTA_COUNTERS_PACKETS = 1; // u64
    internal const ushort CTA_COUNTERS_BYTES = 2; // u64, with the IP header

    // enum ctattr_tstamp
    internal const ushort CTA_TIMESTAMP_START = 1; // u64, nanoseconds since 1970
    internal const ushort CTA_TIMESTAMP_STOP = 2; // u64, in events of entries that went

    // enum ctattr_help
    internal const ushort CTA_HELP_NAME = 1; // text ended by 0: ftp, sip, …
    internal const ushort CTA_HELP_INFO = 2; // the helper's own

    // enum ctattr_secctx
    internal const ushort CTA_SECCTX_NAME = 1; // text ended by 0

    // enum ctattr_stats_cpu
    internal const ushort CTA_STATS_SEARCHED = 1; // of kernels before 4.9; 0 or absent since
    internal const ushort CTA_STATS_FOUND = 2; // u32, look-ups that found an entry on the second way (nf_conntrack_tuple_taken)
    internal const ushort CTA_STATS_NEW = 3; // of kernels before 4.9; 0 or absent since
    internal const ushort CTA_STATS_INVALID = 4; // u32, packets that fit no connection
    internal const ushort CTA_STATS_IGNORE = 5; // of kernels before 5.10
    internal const ushort CTA_STATS_DELETE = 6; // of kernels before 4.9; 0 or absent since
    internal const ushort CTA_STATS_DELETE_LIST = 7; // of kernels before 4.9; 0 or absent since
    internal const ushort CTA_STATS_INSERT = 8; // u32, entries put in by hand (ctnetlink)
    internal const ushort CTA_STATS_INSERT_FAILED = 9; // u32, entries not put in: a race lost, no port left, a chain too long
    internal const ushort CTA_STATS_DROP = 10; // u32, packets dropped for want of an entry, or with one that could not be put in
    internal const ushort CTA_STATS_EARLY_DROP = 11; // u32, unassured entries evicted to make room
    internal const ushort CTA_STATS_ERROR = 12; // u32, broken ICMP messages and the like
    internal const ushort CTA_STATS_SEARCH_RESTART = 13; // u32, look-ups begun anew since the table changed
    internal const ushort CTA_STATS_CLASH_RESOLVE = 14; // u32, races that were settled without a loss
    internal const ushort CTA_STATS_CHAIN_TOOLONG = 15; // u32, entries refused since their bucket's chain was too long

    // enum ctattr_filter
    internal const ushort CTA_FILTER_ORIG_FLAGS = 1; // u32, CTA_FILTER_FLAG_*: fields of CTA_TUPLE_ORIG that are compared
    internal const ushort CTA_FILTER_REPLY_FLAGS = 2; // u32, the same of CTA_TUPLE_REPLY

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
