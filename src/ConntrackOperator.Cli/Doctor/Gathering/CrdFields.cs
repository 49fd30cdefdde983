using System.Text.Json.Nodes;
using ConntrackOperator.Cli.Crd;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>The fields of CustomResourceDefinitions, and which of this program's own the cluster's lack.</summary>
internal static class CrdFields
{
    /// <summary>
    /// The fields that are missing, as <c>conntrackpolicies: spec.rollout</c>; of a field that is missing whole, not those in it.
    /// </summary>
    /// <param name="cluster">The cluster's, whichever they are.</param>
    public static IReadOnlyList<string> Missing(IReadOnlyList<JsonObject> cluster)
    {
        var missing = new List<string>();
        foreach (var own in CrdGenerator.Manifests())
        {
            if (cluster.FirstOrDefault(c => c.Name() == own.Name()) is { } theirs)
            {
                Compare(Schema(own), Schema(theirs), string.Empty, own.Text("spec", "names", "plural"), missing);
            }
        }

        return missing;
    }

    private static JsonNode? Schema(JsonNode crd) => crd.Items("spec", "versions").FirstOrDefault().At("schema", "openAPIV3Schema");

    private static void Compare(JsonNode? own, JsonNode? theirs, string path, string plural, List<string> missing)
    {
        if (own.At("items") is { } items)
        {
            Compare(items, theirs.At("items"), path, plural, missing);
        }

        foreach (var (name, field) in own.At("properties") as JsonObject ?? [])
        {
            var at = path.Length == 0 ? name : path + "." + name;
            if (theirs.At("properties", name) is { } their)
            {
                Compare(field, their, at, plural, missing);
            }
            else
            {
                missing.Add($"{plural}: {at}");
            }
        }
    }
}
