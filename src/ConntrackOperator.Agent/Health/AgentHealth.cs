using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Kubernetes.Informers;

namespace ConntrackOperator.Agent.Health;

/// <summary>
/// Whether the agent gets on. Alive: the kernel was compared with the plan lately, and the watch at least tries; an API
/// server that is away is no reason to kill an agent that goes on enforcing. Ready: the plan is known and was applied.
/// </summary>
internal sealed class AgentHealth(TimeProvider time, TimeSpan interval, Informer<ConntrackNode> watcher)
{
    // A watch ends by itself after 290 s or so: with twice that and nothing tried, it is stuck.
    private static readonly TimeSpan _watchLimit = TimeSpan.FromMinutes(10);

    private readonly Progress _watch = new(time);
    private long _attempts = -1;

    /// <summary>The loop's progress: it marks each pass.</summary>
    public Progress Loop { get; } = new(time);

    /// <summary>Set once a plan was brought to the kernel.</summary>
    public bool Enforced { get; set; }

    public string? NotAlive()
    {
        var limit = TimeSpan.FromSeconds(Math.Max(30, interval.TotalSeconds * 5));
        if (Loop.Since > limit)
        {
            return $"the kernel was not compared with the plan for {Loop.Since.TotalSeconds:0} s";
        }

        var attempts = watcher.Lists + watcher.Watches + watcher.Failures;
        if (Interlocked.Exchange(ref _attempts, attempts) != attempts || watcher.SinceProgress < _watchLimit)
        {
            _watch.Mark();
        }

        return _watch.Since > _watchLimit
            ? $"the watch has neither answered nor tried again for {_watch.Since.TotalMinutes:0} minutes" : null;
    }

    public string? NotReady() => NotAlive() ?? (Enforced ? null : "no plan was applied yet");
}
