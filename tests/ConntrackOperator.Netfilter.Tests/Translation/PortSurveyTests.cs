using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Tests.Flows;
using ConntrackOperator.Netfilter.Translation;

namespace ConntrackOperator.Netfilter.Tests.Translation;

public sealed class PortSurveyTests
{
    [Fact]
    public void Ports_in_use_are_counted_for_each_translated_source_and_destination()
    {
        var ports = new PortSurvey();
        Assert.Empty(ports.Latest);
        for (var i = 0; i < 100; i++)
        {
            ports.Add(
                Decode(
                    new FlowCase
                    {
                        SourcePort = (ushort)(2000 + i),
                        TranslatedSource = "198.51.100.1",
                        TranslatedPort = (ushort)(2000 + (i < 40 ? i : i + 5000)),
                    }));
        }

        ports.Add(Decode(new FlowCase { Source = "10.0.0.7", TranslatedSource = "198.51.100.2" }));
        ports.Add(Decode(new FlowCase { Source = "10.0.0.8", SourcePort = 7, TranslatedSource = "198.51.100.2" }));

        // Neither is translated, or has ports.
        ports.Add(Decode(new FlowCase()));
        ports.Add(Decode(new FlowCase { Protocol = 50, TranslatedSource = "198.51.100.1" }));
        ports.End(104, complete: true);
        Assert.Equal(2, ports.Latest.Count);
        var most = ports.Latest[0];
        Assert.Equal(
            ("198.51.100.1", "192.0.2.1", (ushort)443, (byte)6),
            (most.Source.ToString(), most.Destination.ToString(), most.Port, most.Protocol));
        Assert.Equal((100L, 100L, 60L, false), (most.Ports, most.Seen, most.Moved, most.IsExact));
        Assert.Equal((2000, 7099, "10.0.0.1"), (most.Lowest, most.Highest, most.OnlyClient.ToString()));
        Assert.Equal((2L, null), (ports.Latest[1].Ports, ports.Latest[1].OnlyClient));

        // Of a sample: as many more as the table has.
        ports.Clear();
        ports.Add(Decode(new FlowCase { TranslatedSource = "198.51.100.1" }));
        ports.Add(Decode(new FlowCase()));
        ports.End(1000, complete: false);
        Assert.Equal((500L, 1L), (Assert.Single(ports.Latest).Ports, ports.Latest[0].Seen));
        ports.End(1, complete: false);
        Assert.Equal(1L, ports.Latest[0].Ports);
        ports.Clear();
        ports.End(1000, complete: false);
        Assert.Empty(ports.Latest);
    }

    private static Flow Decode(FlowCase entry)
    {
        var flow = FlowDecoder.Decode(entry.Encode(), FlowFields.All, out var decoded);
        Assert.True(decoded);
        return flow;
    }
}
