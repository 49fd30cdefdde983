using System.Text.Json.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>Objects of a real cluster, page by page.</summary>
internal sealed class ApiObjects(ApiClient api) : IClusterObjects
{
    private const int PageSize = 500;

    public async Task<IReadOnlyList<JsonObject>> ListAsync(ResourceType type, string? ns, string? labels, CancellationToken cancel)
    {
        var all = new List<JsonObject>();
        string? next = null;
        do
        {
            var page = await api.ListAsync(
                type, ns, new ListQuery { Limit = PageSize, Continue = next, LabelSelector = labels }, ClusterJson.Default.JsonObject,
                cancel);
            all.AddRange(page.Items);
            next = page.Continue;
        }
        while (!string.IsNullOrEmpty(next));

        return all;
    }

    public Task<JsonObject> GetAsync(ResourceType type, string? ns, string name, CancellationToken cancel) =>
        api.GetAsync(type, ns, name, ClusterJson.Default.JsonObject, cancel);
}
