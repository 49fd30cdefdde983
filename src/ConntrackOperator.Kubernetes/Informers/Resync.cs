using ConntrackOperator.Api.Meta;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>Enqueues everything in a store from time to time, spread evenly by chance over the period.</summary>
public static class Resync
{
    /// <summary>Goes on until cancelled; then returns.</summary>
    /// <param name="store">Where the objects are.</param>
    /// <param name="key">The key of an object in the queue.</param>
    /// <param name="queue">Where the keys go.</param>
    /// <param name="period">How often each object comes up; no two neighbours at the same time.</param>
    /// <param name="time">The clock; null: the system's.</param>
    /// <param name="random">Chance for the spread; null: the shared one.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ArgumentOutOfRangeException">The period is not positive.</exception>
    public static async Task RunAsync<T, TKey>(
        ObjectStore<T> store,
        Func<T, TKey> key,
        WorkQueue<TKey> queue,
        TimeSpan period,
        TimeProvider? time,
        Random? random,
        CancellationToken cancellationToken)
        where T : class, IKubernetesObject
        where TKey : notnull
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(queue);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(period, TimeSpan.Zero);
        random ??= Random.Shared;
        try
        {
            while (true)
            {
                await Task.Delay(period, time ?? TimeProvider.System, cancellationToken);
                foreach (var item in store.Snapshot.Values)
                {
                    queue.AddAfter(key(item), period * random.NextDouble());
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }
}
