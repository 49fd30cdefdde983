using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Engine;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>Reads from a cluster what the rules look at. Writes nothing; what it may not read is named, and the rest goes on.</summary>
internal static class ClusterGathering
{
    /// <param name="objects">The cluster.</param>
    /// <param name="more">Policies to be looked at as if they were applied: each takes the place of the cluster's of its name.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ApiException">There is no answer, or the credentials are not taken.</exception>
    public static async Task<DoctorFacts> ReadAsync(
        IClusterObjects objects, IReadOnlyList<ConntrackPolicy> more, TimeProvider time, CancellationToken cancel)
    {
        var read = new ClusterRead(objects);
        var nodes = await read.ListAsync(ResourceType.Node, null, null, "Nodes: nothing about single nodes", cancel) ?? [];
        var daemonSets = await read.ListAsync(
            ClusterTypes.DaemonSet, null, null, "DaemonSets: kube-proxy, the network plug-in, what writes sysctls, the agents", cancel)
            ?? [];
        var policies = Merge(await read.ListAsync(ClusterTypes.Policy, null, null, "ConntrackPolicies", cancel) ?? [], more);
        var reported = await read.ListAsync(ClusterTypes.ConntrackNode, null, null, "ConntrackNodes: what the nodes' kernels hold", cancel)
            ?? [];
        return new DoctorFacts
        {
            ProgramVersion = EngineVersion.Text,
            Nodes = NodeGathering.Views(nodes, reported, policies),
            Proxies = await ProxyGathering.FindAsync(read, nodes, daemonSets, cancel),
            Writers = await WriterGathering.FindAsync(read, daemonSets, cancel),
            Plugins = await PluginGathering.FindAsync(read, nodes, daemonSets, cancel),
            Operator = await OperatorGathering.ReadAsync(read, daemonSets, cancel),
            Policies = policies,
            Unread = read.Unread,
            Now = time.GetUtcNow(),
        };
    }

    private static List<ConntrackPolicy> Merge(IReadOnlyList<JsonObject> existing, IReadOnlyList<ConntrackPolicy> more)
    {
        var names = more.Select(p => p.Metadata?.Name).ToHashSet(StringComparer.Ordinal);
        return [.. existing.Select(Read).OfType<ConntrackPolicy>().Where(p => !names.Contains(p.Metadata?.Name)), .. more];
    }

    private static ConntrackPolicy? Read(JsonObject policy)
    {
        try
        {
            return policy.Deserialize(ApiJson.Default.ConntrackPolicy);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
