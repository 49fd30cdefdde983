using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller.Runtime;

/// <summary>
/// One controller: its informers' changes put keys into its queue, and its reconciler works on them. What it watches and what it enqueues
/// is declared in the constructor of each.
/// </summary>
internal abstract class ReconcilingController : IDisposable
{
    private readonly Reconciler<string> _reconciler;

    /// <summary>Creates queue and workers; nothing runs yet.</summary>
    /// <param name="name">The controller's name, also in metrics.</param>
    /// <param name="context">What all controllers share.</param>
    /// <param name="workers">Keys worked on at once.</param>
    protected ReconcilingController(string name, ControllerContext context, int workers = 1)
    {
        Name = name;
        Queue = new WorkQueue<string>(context.Metrics.QueueOptions(name), context.Time);
        var options = context.Metrics.ReconcilerOptions(name, Queue, workers);
        _reconciler = new Reconciler<string>(Queue, ReconcileAsync, options, context.Log, context.Time);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The keys to be worked on.</summary>
    public WorkQueue<string> Queue { get; }

    /// <summary>Informers that no other controller uses.</summary>
    public virtual IReadOnlyList<IInformerState> Informers => [];

    /// <summary>What has to run beside the workers, by name: its own informers, resyncs. None of it ends before it is cancelled.</summary>
    public virtual IEnumerable<(string Name, Func<CancellationToken, Task> Run)> Parts => [];

    /// <summary>Works until cancelled. Called when the cluster cache has synced.</summary>
    public virtual Task RunAsync(CancellationToken cancellationToken) => _reconciler.RunAsync(cancellationToken);

    /// <inheritdoc />
    public void Dispose() => Queue.Dispose();

    /// <summary>Brings the world in line with what the key's object wants now.</summary>
    protected abstract Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken);
}
