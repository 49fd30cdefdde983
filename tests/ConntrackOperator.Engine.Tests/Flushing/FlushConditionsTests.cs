using System.Reflection;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Engine.Flushing;
using ConntrackOperator.Netfilter.Matching;

namespace ConntrackOperator.Engine.Tests.Flushing;

public sealed class FlushConditionsTests
{
    [Fact]
    public void Every_field_of_the_API_is_a_condition_of_the_kernels_match()
    {
        var icmp = FlushMatches.ToFlowMatch(new FlushMatch
        {
            Protocol = ProtocolValue.Of("ICMP"),
            Icmp = new FlushIcmpMatch { Type = 8, Code = 1, Id = 2, ReplyType = 3, ReplyCode = 4, ReplyId = 65535 },
        });
        Assert.Equal(((byte?)1, new IcmpMatch(8, 1, 2), new IcmpMatch(3, 4, 65535)), (icmp.Protocol, icmp.Icmp, icmp.ReplyIcmp));
        var gre = FlushMatches.ToFlowMatch(new FlushMatch
        {
            Protocol = ProtocolValue.Of(47),
            Gre = new FlushGreMatch { SourceKey = 1, DestinationKey = 2, ReplySourceKey = 3, ReplyDestinationKey = 65535 },
        });
        Assert.Equal((new GreMatch(1, 2), new GreMatch(3, 65535)), (gre.Gre, gre.ReplyGre));
        var udp = FlushMatches.ToFlowMatch(new FlushMatch
        {
            Protocol = ProtocolValue.Of("UDP"),
            SourcePort = 1,
            DestinationPort = 2,
            ReplySourcePort = 3,
            ReplyDestinationPort = 65535,
        });
        Assert.Equal(
            ((ushort?)1, (ushort?)2, (ushort?)3, (ushort?)65535),
            (udp.SourcePort, udp.DestinationPort, udp.ReplySourcePort, udp.ReplyDestinationPort));
    }

    [Theory]
    [InlineData("match.icmp: must not be empty", "icmp")]
    [InlineData("match.gre: must not be empty", "gre")]
    [InlineData("match.states: must not be empty", "states")]
    [InlineData("match.icmp.type: '256' is not understood", "type")]
    [InlineData("match.sourcePort: '0' is not understood", "port")]
    public void What_would_be_a_wider_match_than_was_written_is_an_error(string error, string what)
    {
        var match = new FlushMatch { Protocol = ProtocolValue.Of("ICMP") };
        match = what switch
        {
            "icmp" => match with { Icmp = new FlushIcmpMatch() },
            "gre" => match with { Gre = new FlushGreMatch() },
            "states" => match with { States = [] },
            "type" => match with { Icmp = new FlushIcmpMatch { Type = 256 } },
            _ => match with { SourcePort = 0 },
        };
        Assert.Equal(error, Assert.Throws<ArgumentException>(() => FlushMatches.ToFlowMatch(match)).Message);
    }

    [Fact]
    public void Each_condition_is_counted_so_that_one_that_is_lost_is_noticed()
    {
        Assert.Equal(0, FlushConditions.Count(new FlushMatch()));
        foreach (var field in Fields(typeof(FlushMatch)))
        {
            var nested = field.PropertyType == typeof(FlushIcmpMatch) || field.PropertyType == typeof(FlushGreMatch);
            foreach (var inner in nested ? Fields(field.PropertyType) : [field])
            {
                object match = new FlushMatch();
                var holder = nested ? Activator.CreateInstance(field.PropertyType)! : match;
                inner.SetValue(holder, Value(inner.PropertyType));
                if (nested)
                {
                    field.SetValue(match, holder);
                }

                Assert.Equal((inner.Name, 1), (inner.Name, FlushConditions.Count((FlushMatch)match)));
            }
        }
    }

    private static PropertyInfo[] Fields(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance);

    private static object Value(Type type) => Nullable.GetUnderlyingType(type) is { } value ? Activator.CreateInstance(value)!
        : type == typeof(string) ? "x" : Activator.CreateInstance(type)!;
}
