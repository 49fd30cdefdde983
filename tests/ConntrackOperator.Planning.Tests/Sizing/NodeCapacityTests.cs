using ConntrackOperator.Planning.Sizing;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Sizing;

public class NodeCapacityTests
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
    public void Memory_is_read_in_whole_bytes(string text, long expected) => Assert.Equal(expected, Facts("memory", text).MemoryBytes);

    [Theory]
    [InlineData("8", 8)]
    [InlineData("7910m", 7)]
    [InlineData("500m", 0)]
    [InlineData("99999999999", int.MaxValue)]
    public void Cores_are_rounded_down(string text, int expected) => Assert.Equal(expected, Facts("cpu", text).Cores);

    [Fact]
    public void Node_that_says_nothing_has_facts_that_are_not_known()
    {
        var facts = NodeCapacity.Facts(null, null, null);
        Assert.Equal((string.Empty, 0, 0, 0), (facts.Name, facts.Labels.Count, facts.Cores, facts.MemoryBytes));
    }

    [Fact]
    public void Name_and_labels_are_the_nodes()
    {
        var labels = new Dictionary<string, string> { ["role"] = "edge" };
        var facts = NodeCapacity.Facts("n1", labels, null);
        Assert.Equal(("n1", "edge"), (facts.Name, facts.Labels["role"]));
    }

    private static NodeFacts Facts(string resource, string text) =>
        NodeCapacity.Facts("n", null, new Dictionary<string, string> { [resource] = text });
}
