using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Work;

namespace ConntrackOperator.Controller.Health;

/// <summary>Whether the controller gets on: while it leads, no key is worked on for ever and no watch is stuck.</summary>
internal sealed class ControllerHealth(TimeProvider time)
{
    private static readonly TimeSpan _longestKey = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _longestSilence = TimeSpan.FromMinutes(15);

    private volatile Leadership? _leading;

    public void Leads(ClusterView cluster, WorkQueue<string> nodes, WorkQueue<string> policies) =>
        _leading = new Leadership(cluster, nodes, policies, time);

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

        return leading.Silence() is var silence && silence > _longestSilence
            ? $"a watch has neither answered nor tried again for {silence.TotalMinutes:0} minutes"
            : null;
    }

    public string? NotReady() => NotAlive() ?? (_leading is { } leading && !leading.Cluster.HasSynced ? "the first list is not complete" : null);

    private sealed class Leadership(ClusterView cluster, WorkQueue<string> nodes, WorkQueue<string> policies, TimeProvider time)
    {
        private readonly Lock _lock = new();
        private long _failures;
        private long _triedAt = time.GetTimestamp();

        public ClusterView Cluster => cluster;

        public WorkQueue<string> Nodes => nodes;

        public WorkQueue<string> Policies => policies;

        /// <summary>For how long the quietest watch has neither heard anything nor, since attempts that fail are attempts, tried.</summary>
        public TimeSpan Silence()
        {
            lock (_lock)
            {
                if (cluster.Failures is var failures && failures != _failures)
                {
                    (_failures, _triedAt) = (failures, time.GetTimestamp());
                }

                var tried = time.GetElapsedTime(_triedAt);
                return cluster.LongestSilence is var silence && silence < tried ? silence : tried;
            }
        }
    }
}
