using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Work;

namespace ConntrackOperator.Controller.Health;

/// <summary>Whether the controller gets on: while it leads, no key is worked on for ever and no watch is stuck.</summary>
internal sealed class ControllerHealth
{
    private static readonly TimeSpan _longestKey = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _longestSilence = TimeSpan.FromMinutes(15);

    private volatile Leadership? _leading;

    public void Leads(ClusterView cluster, WorkQueue<string> nodes, WorkQueue<string> policies) => _leading = new Leadership(cluster, nodes, policies);

    public void LeadsNoMore() => _leading = null;

    public bool IsLeading => _leading is not null;

    public string? NotAlive()
    {
        if (_leading is not { } leading)
        {
            return null;
        }

        if (leading.Nodes.LongestRunning > _longestKey || leading.Policies.LongestRunning > _longestKey)
        {
            return "a key has been worked on for more than 5 minutes";
        }

        var attempts = leading.Attempts();
        return attempts is { Silence: var silence, Moved: false } && silence > _longestSilence
            ? $"a watch has neither answered nor tried again for {silence.TotalMinutes:0} minutes"
            : null;
    }

    public string? NotReady() => NotAlive() ?? (_leading is { } leading && !leading.Cluster.Policies.HasSynced ? "the first list is not complete" : null);

    private sealed record Leadership(ClusterView Cluster, WorkQueue<string> Nodes, WorkQueue<string> Policies)
    {
        private long _failures;

        public (TimeSpan Silence, bool Moved) Attempts()
        {
            var failures = Cluster.Policies.Failures + Cluster.Nodes.Failures + Cluster.ConntrackNodes.Failures;
            var silence = new[] { Cluster.Policies.SinceProgress, Cluster.Nodes.SinceProgress, Cluster.ConntrackNodes.SinceProgress }.Max();
            return (silence, Interlocked.Exchange(ref _failures, failures) != failures);
        }
    }
}
