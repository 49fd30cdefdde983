using System.Text.Json.Serialization.Metadata;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cluster;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>Reads whole collections, page by page, and makes flushes.</summary>
internal sealed class ClusterReader(ApiClient api)
{
    private const int PageSize = 500;

    public Task<List<ConntrackPolicy>> PoliciesAsync(CancellationToken cancel) =>
        AllAsync(ResourceType.ConntrackPolicy, ApiJson.Default.ConntrackPolicy, cancel);

    public Task<List<ConntrackNode>> ConntrackNodesAsync(CancellationToken cancel) =>
        AllAsync(ResourceType.ConntrackNode, ApiJson.Default.ConntrackNode, cancel);

    public Task<List<NodeObject>> NodesAsync(CancellationToken cancel) =>
        AllAsync(ResourceType.Node, ClusterJson.Default.NodeObject, cancel);

    /// <summary>The pods, as many as one page has, and whether that is all of them.</summary>
    public async Task<(IReadOnlyList<PodObject> Pods, bool AreAll)> FirstPodsAsync(CancellationToken cancel)
    {
        var page = await api.ListAsync(ResourceType.Pod, null, new ListQuery { Limit = PageSize }, ClusterJson.Default.PodObject, cancel);
        return (page.Items, string.IsNullOrEmpty(page.Continue));
    }

    /// <summary>Who has an address, asked for one at a time.</summary>
    public AddressOwners AddressOwners(AddressOwnerOptions options, TimeProvider time) => new(api, options, time);

    public Task<List<ServiceObject>> ServicesAsync(CancellationToken cancel) =>
        AllAsync(ResourceType.Service, ClusterJson.Default.ServiceObject, cancel);

    /// <exception cref="CliException">There is none.</exception>
    public async Task<ConntrackNode> ConntrackNodeAsync(string name, CancellationToken cancel)
    {
        try
        {
            return await api.GetAsync(ResourceType.ConntrackNode, null, name, ApiJson.Default.ConntrackNode, cancel);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            throw new CliException(ExitCode.BadInput, $"there is no ConntrackNode \"{name}\": no such node, or no policy selects it", e);
        }
    }

    /// <exception cref="CliException">The API server does not take it.</exception>
    public async Task<ConntrackFlush> CreateFlushAsync(ConntrackFlush flush, CancellationToken cancel)
    {
        try
        {
            // A condition that an older CustomResourceDefinition does not know would be dropped, and more be deleted than was meant.
            return await api.CreateAsync(
                ResourceType.ConntrackFlush, null, flush, ApiJson.Default.ConntrackFlush, cancel, "kubectl-conntrack", strict: true);
        }
        catch (ApiException e) when (e.IsInvalid || e.Code == 400)
        {
            throw new CliException(ExitCode.BadInput, e.Message, e);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            throw NotInstalled(ResourceType.ConntrackFlush, e);
        }
    }

    /// <exception cref="CliException">It is gone.</exception>
    public async Task<ConntrackFlush> FlushAsync(string name, CancellationToken cancel)
    {
        try
        {
            return await api.GetAsync(ResourceType.ConntrackFlush, null, name, ApiJson.Default.ConntrackFlush, cancel);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            throw new CliException(ExitCode.Failure, $"the ConntrackFlush {name} was deleted before it was seen to finish", e);
        }
    }

    private CliException NotInstalled(ResourceType type, ApiException e) => new(
        ExitCode.Failure, $"the cluster at {api.BaseAddress} has no {type.QualifiedName}: install the CustomResourceDefinitions first "
            + "(`crd | kubectl apply -f -`)", e);

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
                throw NotInstalled(type, e);
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
