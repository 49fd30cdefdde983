using System.Text;
using System.Text.Json.Nodes;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>The JSON Patch that makes an object's spec what it is to be, and nothing but that, whoever owns its fields.</summary>
internal static class SpecPatch
{
    /// <summary>Replaces the spec of the object with this UID.</summary>
    public static ReadOnlyMemory<byte> Replace(string? uid, JsonNode spec) => Encoding.UTF8.GetBytes(new JsonArray(
        new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = uid },
        new JsonObject { ["op"] = "replace", ["path"] = "/spec", ["value"] = spec }).ToJsonString());
}
