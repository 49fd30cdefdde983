using System.Text.Json.Nodes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Cli.Files;

/// <summary>Checks an object's metadata as the API server does.</summary>
internal static class MetadataCheck
{
    private static readonly JsonObject _text = new() { ["type"] = "string" };
    private static readonly JsonObject _map = new()
    {
        ["type"] = "object",
        ["additionalProperties"] = new JsonObject { ["type"] = "string" },
    };

    // metav1.ObjectMeta; what the API server sets itself is let through, so that the output of kubectl get can be read.
    private static readonly string[] _known =
    [
        "name", "generateName", "labels", "annotations", "namespace", "finalizers", "ownerReferences", "uid", "resourceVersion",
        "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink",
    ];

    /// <summary>Checks the metadata of an object.</summary>
    /// <returns>Name and labels; null when there is no metadata.</returns>
    internal static ObjectMeta? Check(MapNode map, string path, SchemaWalker walker)
    {
        var field = YamlSource.Join(path, "metadata");
        var node = map.Find("metadata");
        if (node is not (null or NullNode or MapNode))
        {
            walker.Walk(node, _map, field);
            return null;
        }

        if (map.Entries.FirstOrDefault(entry => entry.Key == "metadata") is { } place)
        {
            walker.Remember(field, place.Line, place.Column);
        }

        var metadata = node as MapNode ?? new MapNode([], map.Line, map.Column);
        var meta = new ObjectMeta();
        foreach (var entry in metadata.Entries)
        {
            var at = YamlSource.Join(field, entry.Key);
            walker.Remember(at, entry.Line, entry.Column);
            if (!_known.Contains(entry.Key))
            {
                walker.UnknownField(entry, at, _known[..6]);
            }
            else if (entry.Value is not NullNode)
            {
                meta = Take(meta, entry, at, walker);
            }
        }

        if (meta.Name is null && meta.GenerateName is null
            && (metadata.Find("name"), metadata.Find("generateName")) is (null or NullNode, null or NullNode))
        {
            var (line, column) = walker.PlaceOf(field);
            walker.Report(field + ".name", string.Empty, FieldError.RequiredMessage, line, column);
        }

        return meta;
    }

    private static ObjectMeta Take(ObjectMeta meta, MapEntry entry, string at, SchemaWalker walker)
    {
        switch (entry.Key)
        {
            case "name" or "generateName":
                if (walker.Walk(entry.Value, _text, at)?.GetValue<string>() is not { } name)
                {
                    return meta;
                }

                // A prefix may end in a dash, since more follows.
                if (!ObjectNames.IsValid(entry.Key == "name" ? name : name.TrimEnd('-')))
                {
                    walker.Report(at, SchemaWalker.Show(entry.Value), ObjectNames.Allowed, entry.Line, entry.Column);
                }

                return entry.Key == "name" ? meta with { Name = name } : meta with { GenerateName = name };
            case "labels":
                return meta with { Labels = Labels(entry.Value, at, walker, areLabels: true) };
            case "annotations":
                return meta with { Annotations = Labels(entry.Value, at, walker, areLabels: false) };
            case "creationTimestamp" when entry.Value is TextNode text && DateTimeOffset.TryParse(
                text.Value, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.None, out var time):
                // Precedence between equals goes by age.
                return meta with { CreationTimestamp = time };
            default:
                return meta;
        }
    }

    private static Dictionary<string, string> Labels(SourceNode node, string at, SchemaWalker walker, bool areLabels)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in walker.Walk(node, _map, at) as JsonObject ?? [])
        {
            var text = value!.GetValue<string>();
            labels[key] = text;
            var (line, column) = walker.PlaceOf($"{at}[{key}]");

            // Annotations' keys may be in upper case before the slash; else they are as labels' keys.
            if (!LabelSyntax.IsKey(areLabels ? key : key.ToLowerInvariant()))
            {
                walker.Report(at, $"\"{key}\"", RuleMessages.LabelKey, line, column);
            }
            else if (areLabels && !LabelSyntax.IsValue(text))
            {
                walker.Report(at, $"\"{text}\"", RuleMessages.LabelValue, line, column);
            }
        }

        return labels;
    }
}
