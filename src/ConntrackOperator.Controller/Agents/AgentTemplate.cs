using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Cluster;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ConntrackOperator.Controller.Agents;

/// <summary>The agents' DaemonSet as a YAML file has it.</summary>
internal sealed class AgentTemplate
{
    /// <summary>
    /// The annotation of the DaemonSet by which a later controller tells whether the template is the same: the server's defaults hide that.
    /// </summary>
    private const string HashAnnotation = ApiGroup.Name + "/template-hash";

    /// <summary>What <c>kubectl rollout restart</c> writes.</summary>
    private const string RestartAnnotation = "kubectl.kubernetes.io/restartedAt";

    private readonly JsonObject _daemonSet;
    private readonly string _hash;

    private AgentTemplate(JsonObject daemonSet, string name)
    {
        _daemonSet = daemonSet;
        _hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(daemonSet["spec"]!.ToJsonString())))[..16];
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
        JsonNode? document;
        try
        {
            var yaml = new YamlStream();
            yaml.Load(reader);
            document = yaml.Documents.Count == 1 ? YamlJson.Convert(yaml.Documents[0].RootNode) : null;
        }
        catch (YamlException e)
        {
            throw new InvalidDataException($"{path}:{e.Start.Line}: {e.Message}", e);
        }

        if (document is not JsonObject root || Text(root["apiVersion"]) != "apps/v1" || Text(root["kind"]) != "DaemonSet")
        {
            throw new InvalidDataException($"{path}: must hold one document, a DaemonSet of apps/v1");
        }

        if (root["metadata"] is not JsonObject metadata || Text(metadata["name"]) is not { Length: > 0 } name)
        {
            throw new InvalidDataException($"{path}: metadata.name must be set");
        }

        return root["spec"] is JsonObject spec && spec["template"] is JsonObject template && template["spec"] is JsonObject
            ? new AgentTemplate(root, name)
            : throw new InvalidDataException($"{path}: spec.template.spec must be set");
    }

    /// <summary>Whether a DaemonSet still has the template's labels: they don't count in its generation.</summary>
    public bool LabelsAreOn(DaemonSetObject daemonSet) =>
        _daemonSet["metadata"]!["labels"] is not JsonObject labels
        || labels.All(l => daemonSet.Metadata?.Labels?.GetValueOrDefault(l.Key) == Text(l.Value));

    /// <summary>Whether a DaemonSet was made from this very template, its nodes' terms apart.</summary>
    public bool IsSame(DaemonSetObject? daemonSet) => daemonSet?.Metadata?.Annotations?.GetValueOrDefault(HashAnnotation) == _hash;

    /// <summary>Carries a restart that somebody asked for over to what is to be written: taken away it would be a second restart.</summary>
    /// <param name="daemonSet">The DaemonSet as it is.</param>
    /// <param name="wanted">As it is to be.</param>
    public static void KeepRestart(JsonObject daemonSet, JsonObject wanted)
    {
        if (daemonSet["spec"]?["template"]?["metadata"]?["annotations"]?[RestartAnnotation] is { } at)
        {
            Child(Child((JsonObject)wanted["spec"]!["template"]!, "metadata"), "annotations")[RestartAnnotation] = at.DeepClone();
        }
    }

    /// <summary>The DaemonSet for some nodes.</summary>
    /// <param name="ns">Its namespace.</param>
    /// <param name="terms">Which nodes: any of the terms.</param>
    /// <param name="owner">With whom it goes; null: with nobody.</param>
    public JsonObject For(string ns, JsonArray terms, OwnerReference? owner)
    {
        var daemonSet = (JsonObject)_daemonSet.DeepClone();
        var metadata = (JsonObject)daemonSet["metadata"]!;
        metadata["namespace"] = ns;
        Child(metadata, "annotations")[HashAnnotation] = _hash;
        if (owner is not null)
        {
            metadata["ownerReferences"] = new JsonArray(new JsonObject
            {
                ["apiVersion"] = owner.ApiVersion,
                ["kind"] = owner.Kind,
                ["name"] = owner.Name,
                ["uid"] = owner.Uid,
            });
        }

        var pod = (JsonObject)daemonSet["spec"]!["template"]!["spec"]!;
        var affinity = pod["affinity"] as JsonObject ?? [];
        var nodeAffinity = affinity["nodeAffinity"] as JsonObject ?? [];
        nodeAffinity["requiredDuringSchedulingIgnoredDuringExecution"] = new JsonObject { ["nodeSelectorTerms"] = terms.DeepClone() };
        affinity["nodeAffinity"] = nodeAffinity.Parent is null ? nodeAffinity : nodeAffinity.DeepClone();
        pod["affinity"] = affinity.Parent is null ? affinity : affinity.DeepClone();
        return daemonSet;
    }

    private static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject child)
        {
            parent[name] = child = [];
        }

        return child;
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
