using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>Whether two plans say the same. Server-side apply may keep the items of a list in another order.</summary>
internal static class SpecComparer
{
    public static bool Same(NodeSpec? a, NodeSpec? b)
    {
        if (a is null || b is null)
        {
            return false;
        }

        // Nearly always the settings are the same, in the same order: then they need no JSON to be compared.
        return (a.Settings ?? []).SequenceEqual(b.Settings ?? [])
            ? Bytes(a with { Settings = null }).AsSpan().SequenceEqual(Bytes(b with { Settings = null }))
            : Bytes(a).AsSpan().SequenceEqual(Bytes(b));
    }

    private static byte[] Bytes(NodeSpec spec) => JsonSerializer.SerializeToUtf8Bytes(
        spec with
        {
            Settings = [.. (spec.Settings ?? []).OrderBy(s => s.Name, StringComparer.Ordinal)],
            Flushes = [.. (spec.Flushes ?? []).OrderBy(f => f.Uid, StringComparer.Ordinal)],
            Refused = [.. (spec.Refused ?? []).OrderBy(r => r.Name, StringComparer.Ordinal)],
        },
        ApiJson.Default.NodeSpec);
}
