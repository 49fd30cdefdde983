using System.Text.Json.Nodes;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>Reads what can be read, and remembers what can't: a right that is missing ends nothing.</summary>
internal sealed class ClusterRead(IClusterObjects objects)
{
    private readonly List<Unread> _unread = [];

    /// <summary>What could not be read.</summary>
    public IReadOnlyList<Unread> Unread => _unread;

    /// <summary>All objects of a kind.</summary>
    /// <returns>Null when they could not be read, which is remembered, or when the cluster has no such kind, which is not.</returns>
    /// <exception cref="ApiException">There is no answer, or the credentials are not taken: nothing else will be read either.</exception>
    public async Task<IReadOnlyList<JsonObject>?> ListAsync(
        ResourceType type, string? ns, string? labels, string what, CancellationToken cancel)
    {
        try
        {
            return await objects.ListAsync(type, ns, labels, cancel);
        }
        catch (ApiException e) when (IsTold(e))
        {
            Remember(what, e);
            return null;
        }
    }

    /// <summary>One object; as <see cref="ListAsync"/>.</summary>
    public async Task<JsonObject?> GetAsync(ResourceType type, string? ns, string name, string what, CancellationToken cancel)
    {
        try
        {
            return await objects.GetAsync(type, ns, name, cancel);
        }
        catch (ApiException e) when (IsTold(e))
        {
            Remember(what, e);
            return null;
        }
    }

    private static bool IsTold(ApiException e) => e is { Code: > 0, IsUnauthorized: false } || e.IsUndecodable || e.Reason == "TooLarge";

    private void Remember(string what, ApiException e)
    {
        if (!e.IsNotFound)
        {
            _unread.Add(new Unread(what, e.Message));
        }
    }
}
