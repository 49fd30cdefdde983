using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;

namespace ConntrackOperator.Netfilter.Tests.Netlink;

/// <summary>What goes over the socket, byte by byte, and how its errors are told.</summary>
public sealed class MessageTests
{
    [Fact]
    public void What_was_in_the_buffer_before_is_not_in_the_message()
    {
        byte[] clean = new byte[256], dirty = [.. Enumerable.Repeat((byte)0xFF, 256)];
        Assert.Equal(Write(clean), Write(dirty));
        Assert.Equal(clean[..Write(clean).Length], dirty[..Write(dirty).Length]);
    }

    [Fact]
    public void Each_of_several_messages_in_one_buffer_has_its_own_length_number_and_version()
    {
        var messages = new MessageReader(Write(new byte[256]));
        Assert.True(messages.Next());
        Assert.Equal((7u, (1 << 8) | 2, 5), (messages.Sequence, messages.Type, (int)messages.Flags));
        Assert.Equal([Native.AF_INET, Ctnetlink.NFNETLINK_V0, 0, 0], messages.Payload[..4].ToArray());
        var attributes = new AttributeReader(messages.Payload[4..]);
        Assert.True(attributes.Next());
        Assert.Equal((3, 0xAB), (attributes.Type, attributes.Byte()));
        Assert.True(attributes.Next());
        var nested = new AttributeReader(attributes.Value);
        Assert.True(nested.Next());
        Assert.Equal((5, 0x0102), (nested.Type, nested.BigEndian16()));
        Assert.True(nested.Next());
        Assert.Equal((6, 0x01020304u), (nested.Type, nested.BigEndian32()));
        Assert.False(nested.Next());
        Assert.False(attributes.Next() || attributes.Failed);
        Assert.True(messages.Next());
        Assert.Equal((8u, 4), (messages.Sequence, messages.Payload.Length));
        Assert.False(messages.Next());
        Assert.False(messages.Malformed);
    }

    [Fact]
    public void A_rest_that_is_no_message_is_malformed()
    {
        var messages = new MessageReader([.. Write(new byte[256]), 1, 2, 3, 4]);
        Assert.True(messages.Next() && messages.Next());
        Assert.False(messages.Next());
        Assert.True(messages.Malformed);
    }

    [Theory]
    [InlineData(Errno.EPERM, true)]
    [InlineData(Errno.EACCES, true)]
    [InlineData(Errno.EPROTONOSUPPORT, true)]
    [InlineData(Errno.EOPNOTSUPP, true)]
    [InlineData(Errno.EAFNOSUPPORT, true)]
    [InlineData(Errno.EINVAL, true)]
    [InlineData(Errno.ENOBUFS, false)]
    [InlineData(Errno.ETIMEDOUT, false)]
    public void What_a_kernel_has_not_got_or_does_not_allow_is_tried_another_way(int errno, bool another) =>
        Assert.Equal(another, new NetlinkException("read the conntrack table", errno).IsNotAvailable);

    [Fact]
    public void An_error_says_what_was_done_and_ends_in_one_full_stop()
    {
        var error = new NetlinkException("read the conntrack table", Errno.EINVAL, "Bad attribute.");
        Assert.Equal(("read the conntrack table", Errno.EINVAL, "Bad attribute."), (error.Operation, error.Errno, error.KernelMessage));
        Assert.StartsWith("Could not read the conntrack table: ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(": Bad attribute.", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(": .Bad.", new NetlinkException("x", Errno.EINVAL, ".Bad").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(6, true, true)]
    [InlineData(132, true, true)]
    [InlineData(33, true, true)]
    [InlineData(17, true, false)]
    [InlineData(136, true, false)]
    [InlineData(1, false, false)]
    [InlineData(58, false, false)]
    [InlineData(47, false, false)]
    [InlineData(50, false, false)]
    public void Protocols_have_ports_and_states_where_the_kernel_tracks_them(byte protocol, bool ports, bool states) =>
        Assert.Equal((ports, states), (FlowProtocols.HasPorts(protocol), FlowProtocols.HasStates(protocol)));

    private static byte[] Write(byte[] buffer)
    {
        var writer = new MessageWriter(buffer);
        writer.Begin(2, 5, 7, Native.AF_INET);
        writer.Attribute(3, [0xAB]);
        var nest = writer.BeginNest(4);
        writer.BigEndian16(5, 0x0102);
        writer.BigEndian32(6, 0x01020304);
        writer.EndNest(nest);
        writer.End();
        writer.Begin(2, 5, 8, Native.AF_INET);
        writer.End();
        return writer.Written.ToArray();
    }
}
