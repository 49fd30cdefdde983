using ConntrackOperator.Cli.Cluster;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Cli.Completion;

/// <summary>
/// Names of the cluster's objects while a command is typed. Whatever goes wrong, and whatever takes long, there are none: nobody waits for
/// a suggestion.
/// </summary>
internal sealed class LiveNames
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);

    /// <summary>What was typed for --kubeconfig; null: nothing.</summary>
    public string? Kubeconfig { get; set; }

    /// <summary>What was typed for --context; null: nothing.</summary>
    public string? Context { get; set; }

    public IReadOnlyList<string> Policies() =>
        Ask(async (cluster, cancel) => (await cluster.PoliciesAsync(cancel)).Select(p => p.Metadata?.Name));

    /// <summary>The nodes that a policy selects.</summary>
    public IReadOnlyList<string> Nodes() =>
        Ask(async (cluster, cancel) => (await cluster.ConntrackNodesAsync(cancel)).Select(n => n.Metadata?.Name));

    private IReadOnlyList<string> Ask(Func<ClusterReader, CancellationToken, Task<IEnumerable<string?>>> ask)
    {
        using var patience = new CancellationTokenSource(_patience);
        try
        {
            return [
                .. ask(ClusterConnection.Open(Kubeconfig, Context), patience.Token).WaitAsync(patience.Token).GetAwaiter().GetResult()
                    .OfType<string>()];
        }
        catch (Exception e) when (e is ApiException or CliException or OperationCanceledException or IOException)
        {
            return [];
        }
    }
}
