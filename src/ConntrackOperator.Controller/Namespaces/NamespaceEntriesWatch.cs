using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Aggregation;
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
        new AddressOwnerOptions { Believed = _every * MostAddresses / AskedInAMinute, Remembered = MostAddresses, Patience = TimeSpan.FromSeconds(30) },
        context.Time);

    /// <summary>Looks, tells and waits, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await context.Cluster.WaitForSyncAsync(cancellationToken);
        using var timer = new PeriodicTimer(_every, context.Time);
        do
        {
            var nodes = context.Cluster.ConntrackNodes.Store.Snapshot.Values.Select(n => n.Status).OfType<NodeStatus>().ToList();
            var addresses = NamespaceEntries.ByAddress(nodes).Take(MostAddresses).ToList();
            await _owners.LearnAsync(addresses.Select(a => a.Address), AskedInAMinute, cancellationToken);
            context.Metrics.Namespaces = NamespaceEntries.Of(addresses, nodes.Sum(n => n.Table?.Entries ?? 0), address => _owners.Find(address)?.Namespace);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }
}
