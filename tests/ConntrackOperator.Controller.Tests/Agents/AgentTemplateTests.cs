using System.Text.Json.Nodes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Agents;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Simulation;

namespace ConntrackOperator.Controller.Tests.Agents;

public sealed class AgentTemplateTests
{
    [Fact]
    public void Template_becomes_a_DaemonSet_in_the_namespace_for_the_nodes()
    {
        var daemonSet = Templates.Agent().For("here", NodeAffinityTerms.Compute([null], null, []), null);
        Assert.Equal("here", (string?)daemonSet["metadata"]!["namespace"]);
        var terms =
            daemonSet["spec"]!["template"]!["spec"]!["affinity"]!["nodeAffinity"]!["requiredDuringSchedulingIgnoredDuringExecution"]![
                "nodeSelectorTerms"]!;
        Assert.Single(terms.AsArray());
    }

    [Fact]
    public void Other_affinities_of_the_template_stay()
    {
        var template = Templates.From(
            Templates.Text
                + "\n      affinity:\n        podAffinity: {}\n        nodeAffinity:\n          "
                + "preferredDuringSchedulingIgnoredDuringExecution: []\n");
        var affinity = template.For("here", [], null)["spec"]!["template"]!["spec"]!["affinity"]!;
        Assert.NotNull(affinity["podAffinity"]);
        Assert.NotNull(affinity["nodeAffinity"]!["preferredDuringSchedulingIgnoredDuringExecution"]);
        // The template is used again and again.
        Assert.Equal(template.For("here", [], null).ToJsonString(), template.For("here", [], null).ToJsonString());
    }

    [Theory]
    [InlineData("a: 1", """{"a":1}""")]
    [InlineData("a: '1'", """{"a":"1"}""")]
    [InlineData("a: \"true\"", """{"a":"true"}""")]
    [InlineData("a: [true, False, null, ~, x]", """{"a":[true,false,null,null,"x"]}""")]
    [InlineData("a: 0644", """{"a":420}""")]
    [InlineData("a: 0o644", """{"a":420}""")]
    [InlineData("a: 0x1F", """{"a":31}""")]
    [InlineData("a: 089", """{"a":89}""")]
    [InlineData("a: yes", """{"a":true}""")]
    [InlineData("a: 1_000", """{"a":1000}""")]
    [InlineData("a: -5", """{"a":-5}""")]
    [InlineData("a: 1.5", """{"a":1.5}""")]
    [InlineData("a: 1.2.3", """{"a":"1.2.3"}""")]
    [InlineData("a: 100m", """{"a":"100m"}""")]
    [InlineData("a: Infinity", """{"a":"Infinity"}""")]
    [InlineData("a: !!str 5", """{"a":"5"}""")]
    [InlineData("a: |\n  two\n  lines\n", "{\"a\":\"two\\nlines\\n\"}")]
    [InlineData("a: &x {b: 1}\nc: *x", """{"a":{"b":1},"c":{"b":1}}""")]
    public void Yaml_is_read_as_kubectl_reads_it(string yaml, string json)
    {
        var stream = new YamlDotNet.RepresentationModel.YamlStream();
        stream.Load(new StringReader(yaml));
        Assert.True(
            JsonNode.DeepEquals(JsonNode.Parse(json), YamlJson.Convert(stream.Documents[0].RootNode)),
            YamlJson.Convert(stream.Documents[0].RootNode)?.ToJsonString());
    }

    [Theory]
    [InlineData("", "must hold one document, a DaemonSet of apps/v1")]
    [InlineData("- a", "must hold one document, a DaemonSet of apps/v1")]
    [InlineData("apiVersion: 5\nkind: [x]", "must hold one document, a DaemonSet of apps/v1")]
    [InlineData("apiVersion: apps/v1\nkind: Deployment", "must hold one document, a DaemonSet of apps/v1")]
    [InlineData("apiVersion: apps/v1\nkind: DaemonSet\n---\na: 1", "must hold one document, a DaemonSet of apps/v1")]
    [InlineData("apiVersion: apps/v1\nkind: DaemonSet", "metadata.name must be set")]
    [InlineData("apiVersion: apps/v1\nkind: DaemonSet\nmetadata: x", "metadata.name must be set")]
    [InlineData("apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: ''}", "metadata.name must be set")]
    [InlineData("apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a}", "spec.template.spec must be set")]
    [InlineData("apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a}\nspec: {template: 7}", "spec.template.spec must be set")]
    [InlineData("a: .inf", ".inf is not a number that JSON has")]
    [InlineData("a: [", "")]
    [InlineData("{[a]: b}", "a key must be a string")]
    [InlineData("a: {<<: {b: 1}}", "a key must be a string")]
    public void File_that_is_no_template_is_refused_with_the_reason(string text, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => Templates.From(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Labels_that_somebody_took_off_or_changed_are_noticed()
    {
        var template = Templates.Agent();
        Assert.True(template.LabelsAreOn(Labelled(new() { ["app"] = "conntrack-agent", ["more"] = "is fine" })));
        Assert.False(template.LabelsAreOn(Labelled(new() { ["app"] = "other" })));
        Assert.False(template.LabelsAreOn(Labelled(null)));
    }

    private static DaemonSetObject Labelled(Dictionary<string, string>? labels) => new() { Metadata = new ObjectMeta { Labels = labels } };
}
