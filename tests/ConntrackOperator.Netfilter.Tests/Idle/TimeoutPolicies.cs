using System.Buffers.Binary;
using System.Text;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>Makes time-out objects of nfnetlink_cttimeout in the calling thread's namespace, as <c>nfct add timeout</c> does.</summary>
internal static class TimeoutPolicies
{
    // linux/netfilter/nfnetlink_cttimeout.h: CTA_TIMEOUT_NAME, _L3PROTO; CTA_TIMEOUT_TCP_ESTABLISHED, _UNACK.
    private const int NameAttribute = 1;
    private const int NetworkProtocol = 2;
    private const int Established = 3;
    private const int Unacknowledged = 11;
    private const ushort CreateFlags = Nl.NLM_F_REQUEST | Nl.NLM_F_ACK | 0x400;

    internal static void Add(string name, uint established, uint unacknowledged)
    {
        using var transport = NetlinkSocket.Open();
        var buffer = new byte[512];
        var writer = new MessageWriter(buffer);
        writer.Begin(Cttimeout.IPCTNL_MSG_TIMEOUT_NEW, CreateFlags, 1, Native.AF_INET, Cttimeout.NFNL_SUBSYS_CTNETLINK_TIMEOUT);
        writer.Attribute(NameAttribute, Encoding.ASCII.GetBytes(name + "\0"));
        writer.BigEndian16(NetworkProtocol, Native.AF_INET);
        writer.Attribute(Cttimeout.CTA_TIMEOUT_L4PROTO, [Native.IPPROTO_TCP]);
        var data = writer.BeginNest(Cttimeout.CTA_TIMEOUT_DATA);
        writer.BigEndian32(Established, established);
        writer.BigEndian32(Unacknowledged, unacknowledged);
        writer.EndNest(data);
        writer.End();
        transport.Send(writer.Written);
        var answer = new byte[4096];
        var reader = new MessageReader(answer.AsSpan(0, transport.Receive(answer)));
        Assert.True(reader.Next());
        Assert.Equal(0, NetlinkDump.ReadError(reader.Flags, reader.Payload, out _));
    }
}
