using System.Globalization;
using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Nodes;

namespace ConntrackOperator.Controller.Tests.Cluster;

public sealed class ValueInternerTests
{
    private readonly ValueInterner _shared = new();

    [Fact]
    public void What_is_equal_between_two_nodes_is_there_once()
    {
        var (a, b) = (_shared.Compact(Node("a", 7)), _shared.Compact(Node("b", 8)));
        Assert.Equal(50, a.Spec!.Settings!.Count);
        for (var i = 0; i < 50; i++)
        {
            Assert.Same(a.Spec.Settings[i], b.Spec!.Settings![i]);
            Assert.Equal(i > 0, ReferenceEquals(a.Status!.Settings![i], b.Status!.Settings![i]));
            Assert.Same(a.Status.Settings[i].Name, b.Status.Settings[i].Name);
        }

        Assert.Same(a.Spec.Pressure, b.Spec!.Pressure);
        Assert.Same(a.Status!.Conditions![0], b.Status!.Conditions![0]);
    }

    [Fact]
    public void What_the_controller_reads_is_kept_and_what_it_does_not_read_is_not()
    {
        var node = Node("a", 7);
        var kept = _shared.Compact(node);
        Assert.True(SpecComparer.Same(node.Spec, kept.Spec));
        Assert.Equal(node.Metadata, kept.Metadata! with { OwnerReferences = node.Metadata!.OwnerReferences });
        Assert.Equal(node.Metadata!.OwnerReferences, kept.Metadata.OwnerReferences);
        Assert.Equal(node.Status!.Settings, kept.Status!.Settings);
        Assert.Equal(NodeUsage.From(node.Status), NodeUsage.From(kept.Status));
        Assert.Equal(
            (node.Status.Advice, node.Status.ReportedAt, node.Status.ObservedGeneration),
            (kept.Status.Advice, kept.Status.ReportedAt, kept.Status.ObservedGeneration));
        Assert.Equal("why", kept.Status.Conditions!.Find(c => c.Type == "Applied")!.Message);
        Assert.Null(kept.Status.Composition);

        // Events name them.
        Assert.Equal("10.0.0.1", Assert.Single(kept.Status.Top!.Sources!).Address);
        Assert.Null(kept.Status.Top.Destinations);
    }

    [Fact]
    public void Nothing_grows_when_each_report_holds_other_values_and_what_the_others_share_stays_shared()
    {
        var honest = _shared.Of(new NodePressure { WarningPercent = 75 });
        for (var i = 0; i < 10 * ValueInterner.Generation; i++)
        {
            _shared.Of(i.ToString(CultureInfo.InvariantCulture));
            if (i % 1000 == 0)
            {
                Assert.Same(honest, _shared.Of(new NodePressure { WarningPercent = 75 }));
            }
        }

        Assert.InRange(_shared.Count, 1, 2 * ValueInterner.Generation);
    }

    [Fact]
    public void Of_a_node_labels_capacity_and_readiness_are_kept()
    {
        var node = new NodeObject
        {
            Metadata = new ObjectMeta { Name = "a", Uid = "u", Labels = new() { ["pool"] = "edge" }, Annotations = new() { ["x"] = "y" } },
            Status = new NodeObjectStatus
            {
                Capacity = new() { ["cpu"] = "4", ["memory"] = "16Gi", ["pods"] = "110" },
                Conditions = [new NodeObjectCondition { Type = "DiskPressure", Status = "False" }, new NodeObjectCondition
                {
                    Type = "Ready",
                    Status = "False",
                }],
            },
        };
        var kept = _shared.Compact(node);
        Assert.False(NodeReading.Differs(node, kept));
        Assert.Null(kept.Metadata!.Annotations);
        Assert.Equal(2, kept.Status!.Capacity!.Count);
        Assert.Single(kept.Status.Conditions!);
    }

    /// <summary>As it comes from the API server: nothing is shared.</summary>
    private static ConntrackNode Node(string name, int original)
    {
        var node = new ConntrackNode
        {
            Metadata = new ObjectMeta
            {
                Name = name,
                Uid = "u" + name,
                ResourceVersion = "5",
                Generation = 2,
                OwnerReferences = [new OwnerReference { ApiVersion = "v1", Kind = "Node", Name = name, Uid = "n" }],
            },
            Spec = new NodeSpec
            {
                Settings = [.. Enumerable.Range(0, 50).Select(
                    i => new NodeSetting { Name = $"nf_conntrack_{i}", Value = i, Policy = "p", Field = "f" })],
                Pressure = new NodePressure { WarningPercent = 75, CriticalPercent = 90, Policy = "p" },
            },
            Status = new NodeStatus
            {
                ObservedGeneration = 2,
                Conditions =
                [
                    new Condition { Type = "Pressure", Status = "True", Reason = "Warning", Message = $"{name} is full" },
                    new Condition { Type = "Applied", Status = "False", Reason = "ModuleNotLoaded", Message = "why" },
                ],
                Table = new TableStatus { Entries = 5, Limit = 10, Percent = 50 },
                Settings = [.. Enumerable.Range(0, 50).Select(i => new SettingStatus
                {
                    Name = $"nf_conntrack_{i}",
                    Desired = i,
                    Actual = i,
                    Original = i == 0 ? original : 1,
                    Policy = "p",
                    State = SettingState.InSync,
                })],
                Composition = new CompositionStatus { Sampled = 5 },
                Top = new TopStatus
                {
                    Sources = [new TopSource { Address = "10.0.0.1", Percent = 4 }],
                    Destinations = [new TopDestination { Address = "10.0.0.2" }],
                },
                Advice = "do",
                ReportedAt = DateTimeOffset.UnixEpoch,
            },
        };
        return JsonSerializer.Deserialize(JsonSerializer.Serialize(node, ApiJson.Default.ConntrackNode), ApiJson.Default.ConntrackNode)!;
    }
}
