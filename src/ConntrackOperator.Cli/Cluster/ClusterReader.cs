using System.Text.Json.Serialization.Metadata;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Kubernetes.Transport;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>Reads whole collections, page by page.</summary>
internal sealed class ClusterReader(ApiClient api)
{
    private const int PageSize = 500;

    private static readonly ResourceType _policies = new(ApiGroup.Name, ApiGroup.Version, ConntrackPolicy.PluralName, ConntrackPolicy.KindName, false);
    private static readonly ResourceType _nodes = new(ApiGroup.Name, ApiGroup.Version, ConntrackNode.PluralName, ConntrackNode.KindName, false);

    public Task<List<ConntrackPolicy>> PoliciesAsync(CancellationToken cancel) => AllAsync(_policies, ApiJson.Default.ConntrackPolicy, cancel);

    public Task<List<ConntrackNode>> ConntrackNodesAsync(CancellationToken cancel) => AllAsync(_nodes, ApiJson.Default.ConntrackNode, cancel);

    public Task<List<NodeObject>> NodesAsync(CancellationToken cancel) => AllAsync(ResourceType.Node, ClusterJson.Default.NodeObject, cancel);

    private async Task<List<T>> AllAsync<T>(ResourceType type, JsonTypeInfo<T> json, CancellationToken cancel)
    {
        var all = new List<T>();
        string? next = null;
        do
        {
            ListPage<T> page;
            try
            {
                page = await api.ListAsync(type, null, new ListQuery { Limit = PageSize, Continue = next }, json, cancel);
            }
            catch (ApiException e) when (e.IsNotFound)
            {
                throw new CliException(ExitCode.Failure, $"the cluster at {api.BaseAddress} has no {type.QualifiedName}: install the CustomResourceDefinitions first (`crd | kubectl apply -f -`)", e);
            }

            all.AddRange(page.Items);
            foreach (var odd in page.Undecodable)
            {
                Console.Error.WriteLine($"warning: a {type.Kind} could not be read and is left out: {odd.Name}: {odd.Message}");
            }

            next = page.Continue;
        }
        while (!string.IsNullOrEmpty(next));

        return all;
    }
}
