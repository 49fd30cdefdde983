using ConntrackOperator.Netfilter.Flows;
using CsCheck;

namespace ConntrackOperator.Netfilter.Tests.Flows;

public sealed class FlowCaseTests
{
    [Fact]
    public void Cases_are_encoded_as_the_kernel_encodes_them()
    {
        // conntrack -I -p udp -s 10.0.0.1 -d 192.0.2.1 --sport 1024 --dport 53 -t 60, up to what the case leaves out.
        var golden = GoldenFlow.All.Single(g => g.Command.EndsWith("--dport 53 -t 60", StringComparison.Ordinal));
        var id = FlowDecoder.Decode(golden.Wire, FlowFields.All, out _).Id;
        var encoded = new FlowCase { Protocol = 17, DestinationPort = 53, Status = FlowStatus.Confirmed, Timeout = 59, Id = id }.Encode();
        Assert.Equal(Convert.ToHexString(golden.Wire)[..(2 * encoded.Length)], Convert.ToHexString(encoded));
    }

    [Fact]
    public void Whatever_is_encoded_is_decoded() =>
        Gen.Select(Gen.UInt, Gen.UInt, Gen.UShort, Gen.UShort, Gen.Byte[0, 12], Gen.UInt, Gen.UInt, Gen.UShort).Sample(
            (source, destination, sourcePort, destinationPort, state, timeout, id, zone) =>
            {
                var flow = FlowDecoder.Decode(
                    new FlowCase
                    {
                        Source = FlowAddress.V4(source).ToString(),
                        Destination = FlowAddress.V4(destination).ToString(),
                        SourcePort = sourcePort,
                        DestinationPort = destinationPort,
                        State = state,
                        Timeout = timeout,
                        Id = id,
                        OriginalZone = zone,
                    }.Encode(),
                    FlowFields.All,
                    out var decoded);
                return decoded
                    && flow.Original.Source == FlowAddress.V4(source) && flow.Original.Destination == FlowAddress.V4(destination)
                    && flow.Reply.Source == FlowAddress.V4(destination) && flow.Reply.DestinationPort == sourcePort
                    && flow.Original.SourcePort == sourcePort && flow.Original.DestinationPort == destinationPort
                    && flow.State == state && flow.TimeoutSeconds == timeout && flow.Id == id && flow.OriginalZone == zone;
            });
}
