using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>
/// Who has an address: asked of the API when somebody looks, so that no agent needs to know. In a small cluster all pods are read once; in
/// a large one each address is asked for.
/// </summary>
internal sealed class AddressBook(ClusterReader cluster, TimeProvider time)
{
    // Of a whole fleet's advice the first so many addresses are named.
    private const int MostAsked = 64;

    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly AddressOwners _owners = cluster.AddressOwners(new AddressOwnerOptions { Patience = TimeSpan.FromSeconds(20) }, time);
    private bool _hasAllPods;

    public string? Find(string? address) => address is null ? null : _names.GetValueOrDefault(address) ?? _owners.Find(address)?.ToString();

    /// <summary>As much as may be read: without the permission, addresses stay addresses.</summary>
    public static async Task<AddressBook> ReadAsync(ClusterReader cluster, TimeProvider time, CancellationToken cancel)
    {
        var book = new AddressBook(cluster, time);
        try
        {
            (var pods, book._hasAllPods) = await cluster.FirstPodsAsync(cancel);
            if (book._hasAllPods)
            {
                foreach (var address in pods.SelectMany(p => (p.Status?.PodIPs ?? []).Select(ip => (ip.Ip, Pod: p)))
                    .Where(a => a.Ip is { Length: > 0 }).GroupBy(a => a.Ip!, a => a.Pod))
                {
                    if (AddressOwner.Of(address) is { } owner)
                    {
                        book._names[address.Key] = owner.ToString();
                    }
                }
            }

            foreach (var service in await cluster.ServicesAsync(cancel))
            {
                foreach (var address in (service.Spec?.ClusterIPs ?? []).Where(a => a is { Length: > 0 } and not "None"))
                {
                    var owner = new AddressOwner("service", service.Metadata?.Namespace, service.Metadata?.Name ?? "-");
                    book._names[address] = owner.ToString();
                }
            }
        }
        catch (Exception e) when (e is ApiException or CliException)
        {
            Console.Error.WriteLine($"note: addresses are shown without names: {e.Message}");

            // Said once is enough.
            book._hasAllPods = true;
        }

        return book;
    }

    /// <summary>Finds out who has the addresses in some nodes' reports, where that is not known yet.</summary>
    public async Task LearnAsync(IEnumerable<ConntrackNode> nodes, CancellationToken cancel)
    {
        if (!_hasAllPods)
        {
            var addresses = nodes.SelectMany(n => Addresses(n.Status)).OfType<string>()
                .Where(a => !_names.ContainsKey(a)).Distinct(StringComparer.Ordinal);
            await _owners.LearnAsync(addresses, MostAsked, cancel);
            if (_owners.Problem is { } problem)
            {
                Console.Error.WriteLine($"note: not every address is shown with a name: {problem}");
                _hasAllPods = true;
            }
        }
    }

    private static IEnumerable<string?> Addresses(NodeStatus? status) =>
    [
        .. (status?.Top?.Sources ?? []).Select(s => s.Address),
        .. (status?.Findings ?? []).SelectMany(f => f.Who ?? []).Select(w => w.Address),
        .. (status?.Top?.Destinations ?? []).Select(d => d.Address),
    ];
}
