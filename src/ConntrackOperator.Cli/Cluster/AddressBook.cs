using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>Who has an address: asked of the API once, when somebody looks, so that no agent needs to know.</summary>
internal sealed class AddressBook
{
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    public string? Find(string? address) => address is null ? null : _names.GetValueOrDefault(address);

    /// <summary>As much as may be read: without the permission, addresses stay addresses.</summary>
    public static async Task<AddressBook> ReadAsync(ClusterReader cluster, CancellationToken cancel)
    {
        var book = new AddressBook();
        try
        {
            // A pod that has ended has given its address back; one on the host's network has the node's.
            foreach (var pod in (await cluster.PodsAsync(cancel)).Where(p => p.Status?.Phase is not ("Succeeded" or "Failed") && p.Spec?.HostNetwork != true))
            {
                book.Add("pod", pod.Metadata?.Namespace, pod.Metadata?.Name, pod.Status?.PodIPs?.Select(ip => ip.Ip));
            }

            foreach (var service in await cluster.ServicesAsync(cancel))
            {
                book.Add("service", service.Metadata?.Namespace, service.Metadata?.Name, service.Spec?.ClusterIPs);
            }
        }
        catch (Exception e) when (e is ApiException or CliException)
        {
            Console.Error.WriteLine($"note: addresses are shown without names: {e.Message}");
        }

        return book;
    }

    private void Add(string kind, string? ns, string? name, IEnumerable<string?>? addresses)
    {
        foreach (var address in addresses ?? [])
        {
            if (address is { Length: > 0 } and not "None")
            {
                _names[address] = $"{kind} {ns}/{name}";
            }
        }
    }
}
