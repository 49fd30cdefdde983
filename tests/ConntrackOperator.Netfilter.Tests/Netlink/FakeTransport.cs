using System.Runtime.InteropServices;
using System.Text;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Tests.Netlink;

/// <summary>Plays the kernel: hands out datagrams that a test wrote, and keeps what was sent.</summary>
internal sealed class FakeTransport : INetlinkTransport
{
    internal const uint Port = 4711;

    private readonly Queue<Func<Memory<byte>>> _answers = new();

    public uint PortId => Port;

    internal List<byte[]> Sent { get; } = [];

    internal bool Disposed { get; private set; }

    internal FakeTransport Answer(params byte[][] messages)
    {
        byte[] datagram = [.. messages.SelectMany(m => m)];
        _answers.Enqueue(() => datagram);
        return this;
    }

    internal FakeTransport Fail(int errno)
    {
        _answers.Enqueue(() => throw new NetlinkException("receive a netlink answer", errno));
        return this;
    }

    public void Send(ReadOnlySpan<byte> datagram) => Sent.Add(datagram.ToArray());

    public int Receive(Span<byte> buffer)
    {
        if (_answers.Count == 0)
        {
            throw new NetlinkException("receive a netlink answer", Errno.ETIMEDOUT);
        }

        var datagram = _answers.Dequeue()().Span;
        datagram[..Math.Min(datagram.Length, buffer.Length)].CopyTo(buffer);
        return datagram.Length;
    }

    public int TryReceive(Span<byte> buffer) => _answers.Count == 0 ? 0 : Receive(buffer);

    public void Dispose() => Disposed = true;

    internal static byte[] Entry(byte[] payload, uint sequence = 1, ushort flags = Nl.NLM_F_MULTI, uint port = Port) =>
        Message((Ctnetlink.NFNL_SUBSYS_CTNETLINK << 8) | Ctnetlink.IPCTNL_MSG_CT_NEW, payload, sequence, flags, port);

    internal static byte[] Done(uint sequence = 1, int result = 0, ushort flags = Nl.NLM_F_MULTI, string? words = null) =>
        Message(
            Nl.NLMSG_DONE,
            [.. BitConverter.GetBytes(result),
            .. words is null ? [] : Attribute(Nl.NLMSGERR_ATTR_MSG, [.. Encoding.UTF8.GetBytes(words), 0])],
            sequence,
            words is null ? flags : (ushort)(flags | Nl.NLM_F_ACK_TLVS));

    /// <summary>NLMSG_ERROR, with the request repeated whole or only its header, and words of the kernel's after it.</summary>
    internal static byte[] Error(int errno, uint sequence = 1, string? words = null, bool capped = true)
    {
        byte[] request = Message(0x101, new byte[12], sequence, Nl.NLM_F_REQUEST);
        ushort flags = 0;
        byte[] tail = [];
        if (words is not null)
        {
            flags |= Nl.NLM_F_ACK_TLVS;
            tail = [
                .. Attribute(Nl.NLMSGERR_ATTR_OFFS, [20, 0, 0, 0]),
                .. Attribute(Nl.NLMSGERR_ATTR_MSG, [.. Encoding.UTF8.GetBytes(words), 0])];
        }

        if (capped)
        {
            flags |= Nl.NLM_F_CAPPED;
        }

        return Message(
            Nl.NLMSG_ERROR, [.. BitConverter.GetBytes(-errno), .. capped ? request[..Nl.HeaderBytes] : request, .. tail], sequence, flags);
    }

    internal static byte[] Message(int type, byte[] payload, uint sequence = 1, ushort flags = 0, uint port = Port)
    {
        var message = new byte[Nl.Align(Nl.HeaderBytes + payload.Length)];
        var length = (uint)(Nl.HeaderBytes + payload.Length);
        var wireType = (ushort)type;
        MemoryMarshal.Write(message, in length);
        MemoryMarshal.Write(message.AsSpan(4), in wireType);
        MemoryMarshal.Write(message.AsSpan(6), in flags);
        MemoryMarshal.Write(message.AsSpan(8), in sequence);
        MemoryMarshal.Write(message.AsSpan(12), in port);
        payload.CopyTo(message, Nl.HeaderBytes);
        return message;
    }

    internal static byte[] Attribute(int type, byte[] value)
    {
        var attribute = new byte[Nl.Align(Nl.AttributeHeaderBytes + value.Length)];
        var length = (ushort)(Nl.AttributeHeaderBytes + value.Length);
        var wireType = (ushort)type;
        MemoryMarshal.Write(attribute, in length);
        MemoryMarshal.Write(attribute.AsSpan(2), in wireType);
        value.CopyTo(attribute, Nl.AttributeHeaderBytes);
        return attribute;
    }
}
