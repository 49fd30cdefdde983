using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ConntrackOperator.Controller.Agents;

/// <summary>The agents' DaemonSet as a YAML file has it.</summary>
internal sealed class AgentTemplate
{
    private readonly JsonObject _daemonSet;

    private AgentTemplate(JsonObject daemonSet, string name)
    {
        _daemonSet = daemonSet;
        Name = name;
    }

    /// <summary>The DaemonSet's name.</summary>
    public string Name { get; }

    /// <summary>Reads and checks the file.</summary>
    /// <exception cref="InvalidDataException">It is not one DaemonSet of apps/v1 with a name and a pod template.</exception>
    /// <exception cref="IOException">It can't be read.</exception>
    public static AgentTemplate Read(string path)
    {
        using var reader = File.OpenText(path);
        var yaml = new YamlStream();
        try
        {
            yaml.Load(reader);
        }
        catch (YamlException e)
        {
            throw new InvalidDataException($"{path}:{e.Start.Line}: {e.Message}", e);
        }

        if (yaml.Documents.Count != 1 || ToJson(yaml.Documents[0].RootNode) is not JsonObject root
            || (string?)root["apiVersion"] != "apps/v1" || (string?)root["kind"] != "DaemonSet")
        {
            throw new InvalidDataException($"{path}: must hold one document, a DaemonSet of apps/v1");
        }

        if ((string?)root["metadata"]?["name"] is not { Length: > 0 } name)
        {
            throw new InvalidDataException($"{path}: metadata.name must be set");
        }

        return root["spec"]?["template"]?["spec"] is JsonObject
            ? new AgentTemplate(root, name)
            : throw new InvalidDataException($"{path}: spec.template.spec must be set");
    }

    /// <summary>The DaemonSet for some nodes.</summary>
    /// <param name="ns">Its namespace.</param>
    /// <param name="terms">Which nodes: any of the terms.</param>
    public JsonObject For(string ns, JsonArray terms)
    {
        var daemonSet = (JsonObject)_daemonSet.DeepClone();
        daemonSet["metadata"]!["namespace"] = ns;
        var pod = (JsonObject)daemonSet["spec"]!["template"]!["spec"]!;
        var affinity = pod["affinity"] as JsonObject ?? [];
        var nodeAffinity = affinity["nodeAffinity"] as JsonObject ?? [];
        nodeAffinity["requiredDuringSchedulingIgnoredDuringExecution"] = new JsonObject { ["nodeSelectorTerms"] = terms };
        affinity["nodeAffinity"] = nodeAffinity.Parent is null ? nodeAffinity : nodeAffinity.DeepClone();
        pod["affinity"] = affinity.Parent is null ? affinity : affinity.DeepClone();
        return daemonSet;
    }

    /// <summary>YAML's core schema, as Kubernetes reads it: plain true, false, null and numbers are not strings.</summary>
    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value ?? string.Empty, ToJson(c.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(ToJson)]),
        YamlScalarNode { Style: not ScalarStyle.Plain } quoted => JsonValue.Create(quoted.Value),
        YamlScalarNode plain => plain.Value switch
        {
            null or "" or "~" or "null" => null,
            "true" => JsonValue.Create(true),
            "false" => JsonValue.Create(false),
            var text when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
            var text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => JsonValue.Create(number),
            var text => JsonValue.Create(text),
        },
        _ => null,
    };
}
