using System.Net;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Cluster;

/// <summary>
/// Finds the pods behind a few addresses by asking the API server for each: no list of all pods is read or kept. Fails softly: what can't
/// be found out has no name. Not thread-safe.
/// </summary>
/// <remarks>
/// A question is a list of pods in all namespaces by status.podIP, which the API server answers from its cache (resourceVersion 0). A
/// pod's second address, of the other family, is no field that pods can be selected by (ToSelectableFields in
/// pkg/registry/core/pod/strategy.go of Kubernetes), so it is not found.
/// </remarks>
/// <param name="api">The API.</param>
/// <param name="options">How much may be asked.</param>
/// <param name="time">The clock.</param>
public sealed class AddressOwners(ApiClient api, AddressOwnerOptions options, TimeProvider time)
{
    private static readonly TimeSpan _minute = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (AddressOwner? Owner, long At)> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _askedOf = new(StringComparer.Ordinal);
    private (int Asked, long Since) _lately = (0, time.GetTimestamp());
    private (string Problem, long At)? _failed;

    /// <summary>Why addresses have no names at the moment; null when nothing hinders.</summary>
    public string? Problem => _failed is { } failed && time.GetElapsedTime(failed.At) < options.QuietAfterFailure ? failed.Problem : null;

    /// <summary>How many answers are remembered.</summary>
    public int Count => _known.Count;

    /// <summary>Who has an address, as was found out last; null: nobody, or it is not known.</summary>
    /// <param name="address">The address.</param>
    /// <param name="node">Only a pod of this node; null: of any.</param>
    public AddressOwner? Find(string? address, string? node = null) =>
        address is not null && _known.TryGetValue(Key(address, node), out var known)
        && time.GetElapsedTime(known.At) < (options.Told ?? options.Believed)
            ? known.Owner
            : null;

    /// <summary>Asks for those that are not known, until all are, or time is up, or the API server fails.</summary>
    /// <param name="addresses">The addresses, the most important first; what is no address is passed over.</param>
    /// <param name="most">How many may be asked for.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="node">
    /// Only pods of this node: for addresses that are the node's own word, so that it can't have others' pods named. Null: of any.
    /// </param>
    /// <returns>How many questions were asked.</returns>
    public async Task<int> LearnAsync(IEnumerable<string?> addresses, int most, CancellationToken cancellationToken, string? node = null)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        using var limit = new CancellationTokenSource(options.Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var asked = 0;
        foreach (var address in addresses)
        {
            if (asked >= most || Problem is not null || !MayAsk(node))
            {
                break;
            }

            // A report is a node's word: only what is an address goes into a selector.
            if (address is null || address.Contains('%', StringComparison.Ordinal) || !IPAddress.TryParse(address, out _)
                || IsKnown(Key(address, node)))
            {
                continue;
            }

            asked++;
            _lately.Asked++;
            _askedOf[node ?? string.Empty] = _askedOf.GetValueOrDefault(node ?? string.Empty) + 1;
            try
            {
                var of = node is null ? string.Empty : $"spec.nodeName={node},";
                var query = new ListQuery
                {
                    FieldSelector = $"{of}status.podIP={address},status.phase!=Succeeded,status.phase!=Failed",
                    ResourceVersion = "0",
                };
                var page = await api.ListAsync(ResourceType.Pod, null, query, ClusterJson.Default.PodObject, both.Token);
                Remember(Key(address, node), AddressOwner.Of(page.Items));
            }
            catch (ApiException e)
            {
                _failed = (e.Message, time.GetTimestamp());
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                _failed = ("no answer in time", time.GetTimestamp());
            }
        }

        return asked;
    }

    /// <summary>Takes over what was found out otherwise.</summary>
    /// <param name="address">The address.</param>
    /// <param name="owner">Who has it; null: nobody.</param>
    public void Remember(string address, AddressOwner? owner)
    {
        if (_known.Count >= options.Remembered && !_known.ContainsKey(address))
        {
            foreach (var old in _known.OrderBy(k => k.Value.At).Take(Math.Max(1, options.Remembered / 4)).Select(k => k.Key).ToList())
            {
                _known.Remove(old);
            }
        }

        _known[address] = (owner, time.GetTimestamp());
    }

    private static string Key(string address, string? node) => node is null ? address : $"{address}@{node}";

    private bool MayAsk(string? node)
    {
        if (time.GetElapsedTime(_lately.Since) >= _minute)
        {
            _lately = (0, time.GetTimestamp());
            _askedOf.Clear();
        }

        return _lately.Asked < options.MostInAMinute && (node is null || _askedOf.GetValueOrDefault(node) < options.MostOfANode);
    }

    private bool IsKnown(string address) => _known.TryGetValue(address, out var known) && time.GetElapsedTime(known.At) < options.Believed;
}
