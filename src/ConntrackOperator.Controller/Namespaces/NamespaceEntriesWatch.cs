using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Logging;
using ConntrackOperator.Controller.Runtime;

namespace ConntrackOperator.Controller.Namespaces;

/// <summary>
/// Once a minute, says about how many entries have their source in which namespace. Asks for a few addresses at a time, those with the
/// most entries first; until an address is known its entries count as the rest.
/// </summary>
/// <param name="context">What all controllers share.</param>
internal sealed class NamespaceEntriesWatch(ControllerContext context)
{
    /// <summary>How many addresses are known at a time: of 5,000 nodes' sources, those with the most entries.</summary>
    public const int MostAddresses = 500;

    /// <summary>How many are asked for in a minute. Each question makes the API server go through all pods in its cache.</summary>
    public const int AskedInAMinute = 50;

    private static readonly TimeSpan _every = TimeSpan.FromMinutes(1);

    private readonly AddressOwners _owners = new(
        context.Api,
        new AddressOwnerOptions
        {
            Believed = _every * MostAddresses / AskedInAMinute,

            // While their turn to be asked for again comes, and while others are among the most for a moment.
            Told = _every * ((MostAddresses / AskedInAMinute) + 3),
            Remembered = 2 * MostAddresses,
            Patience = TimeSpan.FromSeconds(30),
        },
        context.Time);

    /// <summary>Looks, tells and waits, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await context.Cluster.WaitForSyncAsync(cancellationToken);
        string? problem = null;
        using var timer = new PeriodicTimer(_every, context.Time);
        do
        {
            var nodes = context.Cluster.ConntrackNodes.Store.Snapshot.Values.Select(n => n.Status).OfType<NodeStatus>().ToList();
            var addresses = NamespaceEntries.ByAddress(nodes).Take(MostAddresses).ToList();
            await _owners.LearnAsync(addresses.Select(a => a.Address), AskedInAMinute, cancellationToken);
            if (_owners.Problem is { } now && now != problem)
            {
                context.Log.PodsUnknown(now);
            }

            problem = _owners.Problem;

            // Without a single answer all would be the rest, which looks as if something were known.
            context.Metrics.Namespaces = problem is not null && _owners.Count == 0
                ? null
                : NamespaceEntries.Of(addresses, nodes.Sum(NamespaceEntries.EntriesOf), address => _owners.Find(address)?.Namespace);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }
}
