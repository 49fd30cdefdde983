using ConntrackOperator.Api.Meta;
using ConntrackOperator.Controller.Cluster;

namespace ConntrackOperator.Controller.Tests.Cluster;

public sealed class NodeReadingTests
{
    [Theory]
    [InlineData("16Gi", 17179869184)]
    [InlineData("131841100Ki", 135005286400)]
    [InlineData("1.5Gi", 1610612736)]
    [InlineData("8G", 8000000000)]
    [InlineData("12e6", 12000000)]
    [InlineData("1E3", 1000)]
    [InlineData("2E", 2000000000000000000)]
    [InlineData("1Ei", 1152921504606846976)]
    [InlineData("9Ei", long.MaxValue)]
    [InlineData("79228162514264337593543950335Ei", long.MaxValue)]
    [InlineData("17179869184000m", 17179869184)]
    [InlineData("5", 5)]
    [InlineData("", 0)]
    [InlineData("-5", 0)]
    [InlineData("5 Gi", 0)]
    [InlineData("5gi", 0)]
    [InlineData("1.2.3", 0)]
    [InlineData("Gi", 0)]
    [InlineData("5e", 0)]
    public void Quantity_is_read_in_whole_units(string text, long expected) =>
        Assert.Equal(expected, NodeReading.Facts(Node(memory: text)).MemoryBytes);

    [Theory]
    [InlineData("8", 8)]
    [InlineData("7910m", 7)]
    [InlineData("500m", 0)]
    [InlineData("99999999999", int.MaxValue)]
    public void Cores_are_rounded_down(string text, int expected) => Assert.Equal(expected, NodeReading.Facts(Node(cpu: text)).Cores);

    [Fact]
    public void Node_that_says_nothing_has_facts_that_are_not_known()
    {
        var facts = NodeReading.Facts(new NodeObject { Metadata = new ObjectMeta { Name = "n" } });
        Assert.Equal(("n", 0, 0, 0), (facts.Name, facts.Labels.Count, facts.Cores, facts.MemoryBytes));
    }

    [Theory]
    [InlineData("True", true)]
    [InlineData("False", false)]
    [InlineData("Unknown", false)]
    [InlineData(null, true)]
    public void Ready_is_what_the_kubelet_says(string? status, bool expected) => Assert.Equal(expected, NodeReading.IsReady(Node(ready: status)));

    [Fact]
    public void Heartbeat_is_no_news_and_all_that_planning_reads_is()
    {
        var node = Node();
        Assert.False(NodeReading.Differs(node, Node() with { Metadata = node.Metadata! with { ResourceVersion = "2", Annotations = new() { ["a"] = "b" } } }));
        Assert.False(NodeReading.Differs(Node(memory: "1Gi"), Node(memory: "1024Mi")));
        NodeObject[] others =
        [
            Node(ready: "False"), Node(cpu: "5"), Node(memory: "5"),
            node with { Metadata = node.Metadata with { Labels = new() { ["pool"] = "web" } } },
            node with { Metadata = node.Metadata with { Labels = new() { ["pool"] = "edge", ["x"] = "" } } },
            node with { Metadata = node.Metadata with { Labels = null } },
            node with { Metadata = node.Metadata with { Uid = "2" } },
            node with { Metadata = node.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } },
        ];
        Assert.All(others, other => Assert.True(NodeReading.Differs(node, other)));
        Assert.True(NodeReading.Differs(null, node));
        Assert.True(NodeReading.Differs(node, null));
    }

    private static NodeObject Node(string cpu = "4", string memory = "16Gi", string? ready = "True") => new()
    {
        Metadata = new ObjectMeta { Name = "n", Uid = "1", Labels = new() { ["pool"] = "edge" } },
        Status = new NodeObjectStatus
        {
            Capacity = new() { ["cpu"] = cpu, ["memory"] = memory },
            Conditions = ready is null ? null : [new NodeObjectCondition { Type = "MemoryPressure", Status = "False" }, new NodeObjectCondition { Type = "Ready", Status = ready }],
        },
    };
}
