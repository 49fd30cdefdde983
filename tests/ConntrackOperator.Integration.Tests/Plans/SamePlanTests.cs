using System.Text.Json;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cli.Cluster;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Planning;

namespace ConntrackOperator.Integration.Tests.Plans;

/// <summary>The same Node as the API server sends it, planned by both programs.</summary>
public sealed class SamePlanTests
{
    private static readonly ConntrackPolicy _policy = new()
    {
        Metadata = new ObjectMeta { Name = "auto" },
        Spec = new PolicySpec
        {
            Table = new TableSpec { Size = new TableSizeSpec { Auto = new AutoSizeSpec { MemoryPercent = 2, EntriesPerCore = 32768 } } },
        },
    };

    [Theory]
    [InlineData("""{"cpu":"8","memory":"32800628Ki"}""")]
    [InlineData("""{"cpu":"7910m","memory":"3072Mi"}""")]
    [InlineData("""{"cpu":"1e2","memory":"1.5Ti"}""")]
    [InlineData("""{"cpu":"2","memory":"12E9"}""")]
    [InlineData("""{"cpu":"4k","memory":"34359738368000m"}""")]
    [InlineData("""{"cpu":"4","memory":"1Gi"}""")]
    [InlineData("""{"cpu":"4"}""")]
    [InlineData("""{"memory":"16Gi"}""")]
    [InlineData("""{"cpu":"four","memory":"-1"}""")]
    [InlineData("{}")]
    [InlineData("null")]
    public void Plan_that_the_command_shows_is_the_one_that_the_controller_makes(string capacity)
    {
        var node =
            $$"""{"apiVersion":"v1","kind":"Node","metadata":{"name":"n","labels":{"kubernetes.io/os":"linux"} },"status":{"capacity":{{capacity}} } }""";

        // The agent found other figures on the machine than the kubelet: the controller does not read them.
        var reported = new ConntrackNode
        {
            Metadata = new ObjectMeta { Name = "n" },
            Status = new NodeStatus { Node = new NodeFactsStatus { Cores = 3, MemoryBytes = 5L << 30 } },
        };

        var shown = Assert.Single(
            PlanDifference.Compare([], [_policy], [JsonSerializer.Deserialize(node, ClusterJson.Default.NodeObject)!], [reported]).Nodes);
        var made = NodePlanner.Plan(NodeReading.Facts(JsonSerializer.Deserialize(node, ClusterJson.Default.NodeObject)!), [_policy]).Spec;

        Assert.Equal(
            (made.Settings ?? []).Select(s => (s.Name, s.Value, $"{s.Field}: {s.Rule}")),
            shown.Changes.Select(c => ((string?)c.Setting, c.Planned, c.Rule!)));
        Assert.Equal(made.Refused ?? [], shown.Refused ?? []);
    }

    // Where no entry can have extensions, the figure of now and that of then are of 256 bytes an entry.
    [Theory]
    [InlineData(256)]
    [InlineData(384)]
    public void A_table_of_the_size_that_it_has_takes_the_memory_that_it_takes(int entryBytes)
    {
        const long Size = 262_144;
        var reported = new ConntrackNode
        {
            Metadata = new ObjectMeta { Name = "n" },
            Status = new NodeStatus
            {
                Table = new TableStatus { Limit = Size, Buckets = Size, EntryBytes = entryBytes, MemoryBytes = (entryBytes + 8) * Size },
            },
        };
        var policy = _policy with { Spec = new PolicySpec { Table = new TableSpec { Size = new TableSizeSpec { Entries = Size } } } };
        var node = JsonSerializer.Deserialize(
            """{"metadata":{"name":"n"},"status":{"capacity":{"cpu":"4","memory":"16Gi"}}}""", ClusterJson.Default.NodeObject)!;
        var shown = Assert.Single(PlanDifference.Compare([], [policy], [node], [reported]).Nodes);
        Assert.Equal((entryBytes + 8) * Size, shown.MemoryBytesBefore);
        Assert.Equal(shown.MemoryBytesBefore, shown.MemoryBytesAfter);
    }
}
