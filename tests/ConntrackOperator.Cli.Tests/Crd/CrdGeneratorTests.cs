using ConntrackOperator.Cli.Crd;
using ConntrackOperator.Cli.Files;
using ConntrackOperator.Cli.Tests.Files;
using ConntrackOperator.TestKit;
using Xunit;

namespace ConntrackOperator.Cli.Tests.Crd;

public class CrdGeneratorTests
{
    private static readonly string _folder = Path.Combine(Repository.Root, "config", "crd");

    [Fact]
    public void Manifests_in_config_are_what_the_types_give()
    {
        var generated = CrdGenerator.Generate();
        Assert.Equal(generated.Keys, Directory.GetFiles(_folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        Assert.All(generated, file => Assert.Equal(file.Value, File.ReadAllText(Path.Combine(_folder, file.Key))));
    }

    [Fact]
    public void Generating_twice_gives_the_same_text() => Assert.Equal(CrdGenerator.Generate(), CrdGenerator.Generate());

    [Theory]
    [InlineData("conntrack.dev_conntrackpolicies.yaml")]
    [InlineData("conntrack.dev_conntracknodes.yaml")]
    [InlineData("conntrack.dev_conntrackflushes.yaml")]
    public void Every_field_of_spec_and_status_has_a_description(string name)
    {
        using var reader = new StringReader(CrdGenerator.Generate()[name]);
        var manifest = (MapNode)Assert.Single(YamlSource.Read(reader, []));
        var version = (MapNode)((ListNode)Find(manifest, "spec", "versions")).Items[0];
        var properties = (MapNode)Find(version, "schema", "openAPIV3Schema", "properties");
        var missing = new List<string>();
        var fields = 0;
        foreach (var part in new[] { "spec", "status" })
        {
            Visit(part, (MapNode)properties.Find(part)!);
        }

        Assert.Empty(missing);
        Assert.True(fields > 30, "the walk found too few fields to be one");

        void Visit(string path, MapNode schema)
        {
            fields++;
            if (schema.Find("description") is not TextNode { Value.Length: > 0 })
            {
                missing.Add(path);
            }

            foreach (var entry in (schema.Find("properties") as MapNode)?.Entries ?? [])
            {
                Visit($"{path}.{entry.Key}", (MapNode)entry.Value);
            }

            foreach (var entry in ((schema.Find("items") as MapNode)?.Find("properties") as MapNode)?.Entries ?? [])
            {
                Visit($"{path}[].{entry.Key}", (MapNode)entry.Value);
            }
        }
    }

    [Fact]
    public void Every_string_list_and_number_of_a_nodes_status_has_a_bound()
    {
        using var reader = new StringReader(CrdGenerator.Generate()["conntrack.dev_conntracknodes.yaml"]);
        var manifest = (MapNode)Assert.Single(YamlSource.Read(reader, []));
        var version = (MapNode)((ListNode)Find(manifest, "spec", "versions")).Items[0];
        var unbounded = new List<string>();
        var fields = 0;
        Visit("status", (MapNode)Find(version, "schema", "openAPIV3Schema", "properties", "status"));
        Assert.Empty(unbounded);
        Assert.InRange(fields, 50, 500);

        void Visit(string path, MapNode schema)
        {
            fields++;
            string[] wanted = ((TextNode)schema.Find("type")!).Value switch
            {
                "string" when schema.Find("enum") is null => ["maxLength"],
                "integer" or "number" => ["minimum", "maximum"],
                "array" => ["maxItems"],
                _ => [],
            };
            unbounded.AddRange(wanted.Where(keyword => schema.Find(keyword) is null).Select(keyword => $"{path} has no {keyword}"));
            foreach (var entry in (schema.Find("properties") as MapNode)?.Entries ?? [])
            {
                Visit($"{path}.{entry.Key}", (MapNode)entry.Value);
            }

            if (schema.Find("items") is MapNode items)
            {
                Visit(path + "[]", items);
            }
        }
    }

    [Fact]
    public void Every_field_of_the_spec_is_named_in_the_everything_sample()
    {
        using var reader = new StringReader(CrdGenerator.Generate()["conntrack.dev_conntrackpolicies.yaml"]);
        var manifest = (MapNode)Assert.Single(YamlSource.Read(reader, []));
        var version = (MapNode)((ListNode)Find(manifest, "spec", "versions")).Items[0];
        var spec = (MapNode)Find(version, "schema", "openAPIV3Schema", "properties", "spec");
        var sample = File.ReadAllText(Path.Combine(Repository.Root, "config", "samples", "everything.yaml"));
        Assert.All(Names(spec), name => Assert.Contains($" {name}:", sample, StringComparison.Ordinal));

        static IEnumerable<string> Names(MapNode schema) => ((schema.Find("properties") as MapNode)?.Entries ?? [])
            .SelectMany(entry => Names((MapNode)entry.Value).Prepend(entry.Key));
    }

    [Fact]
    public void Command_writes_all_manifests_into_a_new_directory()
    {
        var directory = Directory.CreateTempSubdirectory("crd-").FullName;
        try
        {
            using var output = new StringWriter();
            Assert.Equal(0, CrdCommand.Run(Path.Combine(directory, "new"), output));
            Assert.Equal(
                CrdGenerator.Generate().Keys,
                Directory.GetFiles(Path.Combine(directory, "new")).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static SourceNode Find(MapNode node, params string[] path) =>
        path.Aggregate((SourceNode)node, (current, key) => ((MapNode)current).Find(key)!);
}
