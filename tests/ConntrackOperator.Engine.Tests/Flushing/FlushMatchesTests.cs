using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Engine.Flushing;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;

namespace ConntrackOperator.Engine.Tests.Flushing;

/// <summary>What a ConntrackFlush asks for is what is deleted, or nothing is.</summary>
public sealed class FlushMatchesTests
{
    [Fact]
    public void Every_condition_is_carried_over()
    {
        var match = FlushMatches.ToFlowMatch(new FlushMatch
        {
            Protocol = ProtocolValue.Of("tcp"),
            States = ["TIME_WAIT", "CLOSE"],
            Unreplied = true,
            Source = "10.0.0.0/8",
            Destination = "192.0.2.7",
            DestinationPort = 443,
            ReplySource = "2001:db8::/32",
            ReplyDestination = "198.51.100.1",
            Zone = 5,
            IdleFor = "1h30m",
        });
        Assert.Equal(((byte)6, true, (ushort)443, (ushort)5), (match.Protocol, match.Unreplied, match.DestinationPort, match.Zone));
        Assert.Equal(["TIME_WAIT", "CLOSE"], match.States);
        Assert.Equal(
            (Network("10.0.0.0/8"), Network("192.0.2.7"), Network("2001:db8::/32"), Network("198.51.100.1")),
            (match.Source, match.Destination, match.ReplySource, match.ReplyDestination));
        Assert.Equal(TimeSpan.FromMinutes(90), match.IdleFor);

        // A person who says that the time-outs held says so on the host, not in the API.
        Assert.Equal(
            (null, null, null, null, false),
            (match.Assured, match.SourcePort, match.ReplySourcePort, match.ReplyDestinationPort, match.TimeoutsHeld));
    }

    [Fact]
    public void What_is_not_asked_for_is_no_condition()
    {
        var match = FlushMatches.ToFlowMatch(new FlushMatch { Protocol = ProtocolValue.Of("17") });
        Assert.Empty(match.States);
        var none = new FlowMatch().States;
        Assert.Equal(new FlowMatch { Protocol = 17, States = none }, match with { States = none });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(65535)]
    public void Ports_and_zones_go_to_their_bounds(int last)
    {
        Assert.Equal(last, (int)FlushMatches.ToFlowMatch(new FlushMatch { DestinationPort = last }).DestinationPort!.Value);
        Assert.Equal(last, (int)FlushMatches.ToFlowMatch(new FlushMatch { Zone = last }).Zone!.Value);
        Assert.Equal(0, (int)FlushMatches.ToFlowMatch(new FlushMatch { Zone = 0 }).Zone!.Value);
    }

    public static TheoryData<FlushMatch, string> Invalid => new()
    {
        { new FlushMatch { Protocol = ProtocolValue.Of("carp") }, "match.protocol: 'carp' is not understood" },
        { new FlushMatch { Source = "10.0.0" }, "match.source: '10.0.0' is not understood" },
        { new FlushMatch { Destination = "10.0.0.0/33" }, "match.destination: '10.0.0.0/33' is not understood" },
        { new FlushMatch { ReplySource = "x" }, "match.replySource: 'x' is not understood" },
        { new FlushMatch { ReplyDestination = "" }, "match.replyDestination: '' is not understood" },
        { new FlushMatch { DestinationPort = 0 }, "match.destinationPort: '0' is not understood" },
        { new FlushMatch { DestinationPort = 65536 }, "match.destinationPort: '65536' is not understood" },
        { new FlushMatch { Zone = -1 }, "match.zone: '-1' is not understood" },
        { new FlushMatch { Zone = 65536 }, "match.zone: '65536' is not understood" },
        { new FlushMatch { IdleFor = "soon" }, "match.idleFor: 'soon' is not understood" },
        { new FlushMatch(), "match: at least one condition must be given; to delete every entry of the table say all: true" },
        { new FlushMatch { All = false }, "match: at least one condition must be given; to delete every entry of the table say all: true" },
        { new FlushMatch { States = [] }, "match.states: must not be empty" },
        { new FlushMatch { All = true, Zone = 1 }, "match.all: goes with no other condition" },
    };

    [Theory, MemberData(nameof(Invalid))]
    public void What_is_not_understood_deletes_nothing_and_names_the_field(FlushMatch match, string message) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => FlushMatches.ToFlowMatch(match)).Message);

    [Fact]
    public void All_is_every_entry() => Assert.True(FlushMatches.ToFlowMatch(new FlushMatch { All = true }).IsEmpty);

    private static FlowNetwork? Network(string text) => FlowNetwork.TryParse(text, out var network) ? network : null;
}
