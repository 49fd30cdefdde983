using System.Text.Json.Nodes;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Engine.Culprits;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>Finds what tuned sets on nodes, from the objects of OpenShift's Node Tuning Operator.</summary>
internal static class TunedGathering
{
    private const string TuningNamespace = "openshift-cluster-node-tuning-operator";

    public static async Task<IReadOnlyList<SysctlWriter>> FindAsync(ClusterRead read, CancellationToken cancel)
    {
        var tuneds = await read.ListAsync(ClusterTypes.Tuned, null, null, "Tuneds of the Node Tuning Operator", cancel) ?? [];
        if (tuneds.Count == 0)
        {
            return [];
        }

        // Of one name once: "rendered" is the operator's own copy of all others.
        var profiles = tuneds.OrderBy(t => t.Name() == "rendered")
            .SelectMany(t => t.Items("spec", "profile").Select(p => (Tuned: t, Name: p.Text("name"), Data: p.Text("data"))))
            .DistinctBy(p => p.Name).ToDictionary(p => p.Name, StringComparer.Ordinal);
        var nodes = await read.ListAsync(
            ClusterTypes.TunedProfile, TuningNamespace, null, "which tuned profile is in force on which node", cancel);
        if (nodes is null)
        {
            return [.. profiles.Keys.SelectMany(p => InForce(p, profiles).Where(s => s.Source == p))
                .Select(s => Writer(s, profiles, null))];
        }

        return [.. nodes
            .SelectMany(node => InForce(Active(node), profiles).Select(setting => (Setting: setting, Node: node.Name())))
            .GroupBy(s => s.Setting, s => s.Node)
            .Select(g => Writer(g.Key, profiles, [.. g.Distinct()]))];
    }

    /// <summary>What one active profile, and those that it includes, come to: each key once, from the profile whose value holds.</summary>
    internal static IEnumerable<(string Source, string Sysctl, long? Value)> InForce(
        string active, IReadOnlyDictionary<string, (JsonObject Tuned, string Name, string Data)> profiles) =>
        TunedMerge.Sysctls(
                active.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                name => profiles.TryGetValue(name, out var profile) ? [(name, profile.Data.Split('\n'))] : [])
            .Select(s => (s.Source, Sysctl: SysctlText.Name(s.Key), s.Value))
            .Where(s => s.Sysctl is not null)
            .GroupBy(s => s.Sysctl!)
            .Select(g => (g.Last().Source, g.Key, SysctlLine.Number(g.Last().Value)));

    private static string Active(JsonObject node) =>
        node.Text("status", "tunedProfile") is { Length: > 0 } profile ? profile : node.Text("spec", "config", "tunedProfile");

    private static SysctlWriter Writer(
        (string Source, string Sysctl, long? Value) setting,
        Dictionary<string, (JsonObject Tuned, string Name, string Data)> profiles, IReadOnlyList<string>? nodes)
    {
        var tuned = profiles[setting.Source].Tuned;
        return new SysctlWriter(
            $"Tuned {tuned.Namespace()}/{tuned.Name()}, profile {setting.Source}", setting.Sysctl, setting.Value,
            tuned.Name() is "default" or "rendered"
                ? "give the policy the same value, or a Tuned of your own with a higher priority whose profile includes this one "
                + "and has the policy's value; the operator undoes edits of its own"
                : $"take the line out of its section [sysctl] (oc -n {tuned.Namespace()} edit tuned {tuned.Name()}), or the "
                + "field out of the policy")
        { Nodes = nodes };
    }
}
