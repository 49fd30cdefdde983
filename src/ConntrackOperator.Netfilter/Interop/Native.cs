namespace ConntrackOperator.Netfilter.Interop;

/// <summary>
/// Constants of the C library and the generic kernel headers, under their native names.
/// A test compiles a C program against the headers and compares each one.
/// </summary>
internal static class Native
{
    internal const int O_RDONLY = 0;
    internal const int O_WRONLY = 1;
    internal const int O_TRUNC = 0x200;
    internal const int O_CLOEXEC = 0x80000;
    internal const int F_OK = 0;
    internal const int CLONE_NEWNET = 0x40000000;
    internal const int CLOCK_THREAD_CPUTIME_ID = 3;

    internal const int AF_UNSPEC = 0;
    internal const int AF_INET = 2;
    internal const int AF_INET6 = 10;
    internal const int AF_NETLINK = 16;
    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int SOL_SOCKET = 1;
    internal const int SO_RCVTIMEO = 20;
    internal const int SO_NETNS_COOKIE = 71;
    internal const int MSG_TRUNC = 0x20;
    internal const int MSG_DONTWAIT = 0x40;

    internal const int IPPROTO_ICMP = 1;
    internal const int IPPROTO_IGMP = 2;
    internal const int IPPROTO_IPIP = 4;
    internal const int IPPROTO_TCP = 6;
    internal const int IPPROTO_UDP = 17;
    internal const int IPPROTO_DCCP = 33;
    internal const int IPPROTO_IPV6 = 41;
    internal const int IPPROTO_GRE = 47;
    internal const int IPPROTO_ESP = 50;
    internal const int IPPROTO_AH = 51;
    internal const int IPPROTO_ICMPV6 = 58;
    internal const int IPPROTO_PIM = 103;
    internal const int IPPROTO_SCTP = 132;
    internal const int IPPROTO_UDPLITE = 136;
}
