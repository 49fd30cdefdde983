using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Cluster.Tests;

public sealed class NodeReadingTests
{
    [Theory]
    [InlineData("True", true)]
    [InlineData("False", false)]
    [InlineData("Unknown", false)]
    [InlineData(null, true)]
    public void Ready_is_what_the_kubelet_says(string? status, bool expected) =>
        Assert.Equal(expected, NodeReading.IsReady(Node(ready: status)));

    [Fact]
    public void Heartbeat_is_no_news_and_all_that_planning_reads_is()
    {
        var node = Node();
        Assert.False(
            NodeReading.Differs(
                node, Node() with { Metadata = node.Metadata! with { ResourceVersion = "2", Annotations = new() { ["a"] = "b" } } }));
        Assert.False(NodeReading.Differs(Node(memory: "1Gi"), Node(memory: "1024Mi")));
        NodeObject[] others =
        [
            Node(ready: "False"), Node(cpu: "5"), Node(memory: "5"),
            node with { Metadata = node.Metadata with { Labels = new() { ["pool"] = "web" } } },
            node with { Metadata = node.Metadata with { Labels = new() { ["pool"] = "edge", ["x"] = "" } } },
            node with { Metadata = node.Metadata with { Labels = null } },
            node with { Metadata = node.Metadata with { Uid = "2" } },
            node with { Metadata = node.Metadata with { DeletionTimestamp = DateTimeOffset.UnixEpoch } },
            WithPressure("True", "ConntrackWarning"),
        ];
        Assert.All(others, other => Assert.True(NodeReading.Differs(node, other)));
        Assert.True(NodeReading.Differs(WithPressure("True", "ConntrackWarning"), WithPressure("True", "ConntrackCritical")));
        Assert.False(NodeReading.Differs(WithPressure("True", "ConntrackWarning"), WithPressure("True", "ConntrackWarning")));
        Assert.True(NodeReading.Differs(null, node));
        Assert.True(NodeReading.Differs(node, null));
    }

    private static NodeObject WithPressure(string status, string reason)
    {
        var node = Node();
        List<NodeObjectCondition> conditions = [
            .. node.Status!.Conditions!, new() { Type = "ConntrackPressure", Status = status, Reason = reason }];
        return node with { Status = node.Status with { Conditions = conditions } };
    }

    private static NodeObject Node(string cpu = "4", string memory = "16Gi", string? ready = "True") => new()
    {
        Metadata = new ObjectMeta { Name = "n", Uid = "1", Labels = new() { ["pool"] = "edge" } },
        Status = new NodeObjectStatus
        {
            Capacity = new() { ["cpu"] = cpu, ["memory"] = memory },
            Conditions = ready is null
                ? null
                : [new NodeObjectCondition { Type = "MemoryPressure", Status = "False" },
                    new NodeObjectCondition { Type = "Ready", Status = ready }],
        },
    };
}
