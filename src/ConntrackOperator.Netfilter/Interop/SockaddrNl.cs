using System.Runtime.InteropServices;

namespace ConntrackOperator.Netfilter.Interop;

/// <summary>struct sockaddr_nl of linux/netlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SockaddrNl
{
    internal ushort Family;
    internal ushort Pad;
    internal uint PortId;
    internal uint Groups;
}
