using System.Text;
using System.Text.Json.Nodes;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>The JSON Patch that makes an object's spec what it is to be, and nothing but that, whoever owns its fields.</summary>
internal static class SpecPatch
{
    /// <summary>Replaces the spec of the object with this UID.</summary>
    /// <param name="uid">The object's UID.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="resourceVersion">Only this version of it; null: whatever it is by then.</param>
    public static ReadOnlyMemory<byte> Replace(string? uid, JsonNode spec, string? resourceVersion = null)
    {
        var patch = new JsonArray(new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = uid });
        if (resourceVersion is not null)
        {
            patch.Add((JsonNode)new JsonObject { ["op"] = "test", ["path"] = "/metadata/resourceVersion", ["value"] = resourceVersion });
        }

        patch.Add((JsonNode)new JsonObject { ["op"] = "replace", ["path"] = "/spec", ["value"] = spec });
        return Encoding.UTF8.GetBytes(patch.ToJsonString());
    }
}
