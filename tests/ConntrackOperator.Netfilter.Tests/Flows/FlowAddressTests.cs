using System.Net;
using System.Net.Sockets;
using ConntrackOperator.Netfilter.Flows;
using CsCheck;

namespace ConntrackOperator.Netfilter.Tests.Flows;

public sealed class FlowAddressTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("192.0.2.1")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("1::")]
    [InlineData("2001:db8::1")]
    [InlineData("2001:db8:0:1:1:1:1:1")]
    [InlineData("2001:db8::1:0:0:1")]
    [InlineData("fe80::ffff:ffff:ffff:ffff")]
    [InlineData("::ffff:1.2.3.4")]
    [InlineData("::1.2.3.4")]
    [InlineData("1:2:3:4:5:6:7:8")]
    [InlineData("1::4:5:6:0:0")]
    public void Addresses_are_written_as_inet_ntop_does(string text)
    {
        Assert.True(FlowAddress.TryParse(text, out var address));
        Assert.Equal(text, address.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("10.1")]
    [InlineData("1.2.3.256")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.")]
    [InlineData(".1.2.3")]
    [InlineData("0001.2.3.4")]
    [InlineData("0x1.2.3.4")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7::8")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    [InlineData("1:2:")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("12345::")]
    [InlineData("::g")]
    public void What_is_no_address_is_refused(string? text) => Assert.False(FlowAddress.TryParse(text, out _));

    [Fact]
    public void Any_address_reads_back_as_it_was_written_short_or_full() =>
        Gen.Select(Gen.ULong, Gen.ULong, Gen.Bool, Gen.Int[0, 255]).Sample((high, low, v6, zeros) =>
        {
            // Makes runs of zero groups, which random bits never do.
            for (var i = 0; i < 8; i++)
            {
                if ((zeros & (1 << i)) != 0)
                {
                    high &= i < 4 ? ~(0xffffUL << (16 * i)) : ulong.MaxValue;
                    low &= i >= 4 ? ~(0xffffUL << (16 * (i - 4))) : ulong.MaxValue;
                }
            }

            var address = v6 ? new FlowAddress(high, low, true) : FlowAddress.V4((uint)low);
            Span<byte> full = stackalloc byte[FlowAddress.MaxTextBytes];
            var length = AddressText.FormatFull(address, full);
            return FlowAddress.TryParse(address.ToString(), out var again) && again == address
                && FlowAddress.TryParse(System.Text.Encoding.ASCII.GetString(full[..length]), out again) && again == address
                && IPAddress.Parse(address.ToString()).AddressFamily == (v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork);
        });

    [Theory]
    [InlineData("10.0.0.0/8", "10.255.1.2", true)]
    [InlineData("10.0.0.0/8", "11.0.0.0", false)]
    [InlineData("10.1.2.3/8", "10.9.9.9", true)]
    [InlineData("0.0.0.0/0", "255.1.1.1", true)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("::/0", "1.2.3.4", false)]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.0", false)]
    [InlineData("192.0.2.0/31", "192.0.2.1", true)]
    [InlineData("2001:db8::/32", "2001:db8:ffff::1", true)]
    [InlineData("2001:db8::/32", "2001:db9::", false)]
    [InlineData("2001:db8::/65", "2001:db8::7fff:0:0:0", true)]
    [InlineData("2001:db8::/65", "2001:db8::8000:0:0:0", false)]
    [InlineData("2001:db8::/64", "2001:db8::8000:0:0:0", true)]
    public void Networks_contain_what_shares_their_prefix(string network, string address, bool contains)
    {
        Assert.True(FlowNetwork.TryParse(network, out var parsed));
        Assert.True(FlowAddress.TryParse(address, out var member));
        Assert.Equal(contains, parsed.Contains(member));
    }

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("::/129")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/-1")]
    [InlineData("10.0.0.0/+8")]
    [InlineData("/8")]
    public void What_is_no_network_is_refused(string text) => Assert.False(FlowNetwork.TryParse(text, out _));

    [Fact]
    public void A_network_is_written_with_its_first_address() =>
        Assert.Equal("10.1.0.0/16", new FlowNetwork(FlowAddress.V4(0x0a010203), 16).ToString());
}
