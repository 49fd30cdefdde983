using System.Net;
using ConntrackOperator.Planning.Validation;
using CsCheck;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Validation;

public class NetworkSyntaxTests
{
    // Each was put to isIP and isCIDR of a real API server (Kubernetes 1.36).
    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.0.0/8")]
    [InlineData("10.0.0.1/32")]
    [InlineData("0.0.0.0/0")]
    [InlineData("::")]
    [InlineData("::/0")]
    [InlineData("::1")]
    [InlineData("64:ff9b::1.2.3.4")]
    [InlineData("1:2:3:4:5:6:7::")]
    [InlineData("1::2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:1.2.3.4")]
    [InlineData("2001:DB8::/32")]
    public void What_the_API_server_accepts_is_accepted(string text) => Assert.True(NetworkSyntax.IsAddressOrNetwork(text));

    /// <summary>By net/netip, Is4In6: ten bytes of 0, then two of ff.</summary>
    [Theory]
    [InlineData("::ff00:102:304")]
    [InlineData("::ff:102:304")]
    [InlineData("1::ffff:102:304")]
    [InlineData("0:0:0:0:1:ffff:102:304")]
    public void What_only_resembles_an_IPv4_address_written_as_IPv6_is_accepted(string text) =>
        Assert.True(NetworkSyntax.IsAddressOrNetwork(text));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("10.0")]
    [InlineData("10.0.0.0.0")]
    [InlineData("10.0.0.256")]
    [InlineData("010.0.0.1")]
    [InlineData(" 10.0.0.1")]
    [InlineData("10.0.0.1/8")]
    [InlineData("10.0.0.0/")]
    [InlineData("10.0.0.0/08")]
    [InlineData("10.0.0.0/+8")]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/8/8")]
    [InlineData("::/129")]
    [InlineData("2001:db8::1/32")]
    [InlineData("::ffff:1.2.3.4")]
    [InlineData("0:0:0:0:0:ffff:1:2")]
    [InlineData("::ffff:0:0/96")]
    [InlineData("fe80::1%eth0")]
    [InlineData("1::2:3:4:5:6:7:8")]
    [InlineData("::1:2:3:4:5:6:7:8")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    [InlineData("::1.2.3.4:5")]
    [InlineData("::1.2.3.04")]
    [InlineData("1.2.3.4::")]
    [InlineData("1:::2")]
    [InlineData(":1::")]
    [InlineData(":")]
    [InlineData("1::2::3")]
    [InlineData("12345::")]
    [InlineData("g::")]
    [InlineData("[::1]")]
    [InlineData("localhost")]
    public void What_the_API_server_refuses_is_refused(string? text) => Assert.False(NetworkSyntax.IsAddressOrNetwork(text));

    [Fact]
    public void Every_address_and_its_networks_are_accepted_and_one_more_bit_is_not() =>
        Gen.Select(Gen.Byte.Array[16], Gen.Bool, Gen.Int[0, 128]).Sample(
        (bytes, isIpv4, prefix) =>
        {
            var address = new IPAddress(isIpv4 ? bytes[..4] : bytes);
            var network = new IPNetwork(Masked(address, prefix %= isIpv4 ? 33 : 129), prefix);
            return NetworkSyntax.IsAddressOrNetwork(address.ToString()) == !address.IsIPv4MappedToIPv6
                && NetworkSyntax.IsAddressOrNetwork(network.ToString()) == !network.BaseAddress.IsIPv4MappedToIPv6
                && NetworkSyntax.IsAddressOrNetwork(
                    $"{address}/{prefix}") == (address.Equals(network.BaseAddress) && !address.IsIPv4MappedToIPv6);
        });

    [Fact]
    public void No_text_breaks_it_and_what_it_accepts_is_an_address_to_NET_as_well() =>
        Gen.OneOf("0", "1", "f", "255", ":", "::", ".", "/", "8", "%", "ffff")
        .Array[0, 20].Select(string.Concat)
        .Sample(text => !NetworkSyntax.IsAddressOrNetwork(text) || IPAddress.TryParse(text.Split('/')[0], out _), iter: 50_000);

    private static IPAddress Masked(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPAddress(bytes);
    }
}
