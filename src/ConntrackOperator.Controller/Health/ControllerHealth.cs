using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Controller.Health;

/// <summary>
/// Whether the controller gets on. Alive: while it leads, no key is worked on for ever and no watch is stuck; a server that is away
/// is no reason to start anew. Ready: the API server lets it have or ask for the lease, and while it leads every kind has been listed,
/// every watch is there and every queue moves.
/// </summary>
internal sealed class ControllerHealth(TimeProvider time)
{
    /// <summary>Attempts for the lease come every 2 to 4 s and take 4 s at most: two of them have failed.</summary>
    public static readonly TimeSpan LongestWithoutServer = TimeSpan.FromSeconds(20);

    /// <summary>Longer than the back-off between two attempts of a watch.</summary>
    public static readonly TimeSpan LongestWithoutWatch = TimeSpan.FromMinutes(1);

    /// <summary>A pass that takes longer than this while others wait takes too long.</summary>
    public static readonly TimeSpan LongestStandstill = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan _longestKey = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _longestSilence = TimeSpan.FromMinutes(15);

    private volatile Leadership? _leading;
    private volatile Func<(TimeSpan? SinceAnswer, string? LastFailure)>? _lease;

    public bool IsLeading => _leading is not null;

    /// <summary>It asks for the lease.</summary>
    /// <param name="lease">How long ago the server last let it read, take or renew the lease, and what the last failure was.</param>
    public void Asks(Func<(TimeSpan? SinceAnswer, string? LastFailure)> lease) => _lease = lease;

    /// <summary>It leads.</summary>
    /// <param name="watches">Every watch that the work depends on.</param>
    /// <param name="queues">Every queue, by what is in it.</param>
    public void Leads(IEnumerable<IInformerState> watches, IEnumerable<(string Name, WorkQueue<string> Queue)> queues) =>
        _leading = new Leadership([.. watches.Select(w => new WatchLife(w, time))], [.. queues]);

    public void LeadsNoMore() => _leading = null;

    public string? NotAlive()
    {
        if (_leading is not { } leading)
        {
            return null;
        }

        foreach (var (name, queue) in leading.Queues)
        {
            if (queue.LongestRunning > _longestKey)
            {
                return $"a key of the {name} queue has been worked on for more than 5 minutes";
            }
        }

        // Each is asked, also after one was found: they remember when they were last seen to try.
        string? stuck = null;
        foreach (var watch in leading.Watches)
        {
            if (watch.Silence() is var silence && silence > _longestSilence)
            {
                stuck = $"the watch of {watch.State.Resource} has neither answered nor tried again for {silence.TotalMinutes:0} minutes";
            }
        }

        return stuck;
    }

    public string? NotReady() => NotAlive() ?? WithoutServer() ?? (_leading is { } leading ? Behind(leading) : null);

    private string? WithoutServer()
    {
        if (_lease is not { } lease)
        {
            return null;
        }

        var (since, failure) = lease();
        if (since <= LongestWithoutServer)
        {
            return null;
        }

        return (since is { } passed
            ? $"the API server has not answered for the lease for {passed.TotalSeconds:0} s"
            : "the API server has not answered for the lease yet") + (failure is null ? "" : $": {failure}");
    }

    private static string? Behind(Leadership leading)
    {
        foreach (var watch in leading.Watches)
        {
            var because = watch.State.LastFailure is { } failure ? $": {failure}" : "";
            if (!watch.State.HasSynced)
            {
                return $"the first list of {watch.State.Resource} is not complete{because}";
            }

            if (watch.State.SinceConnected is var without && without > LongestWithoutWatch)
            {
                return $"there has been no watch of {watch.State.Resource} for {without.TotalSeconds:0} s" + because;
            }
        }

        foreach (var (name, queue) in leading.Queues)
        {
            if (queue.SinceMoved is var still && still > LongestStandstill)
            {
                return $"{queue.Depth} keys wait in the {name} queue, and none was taken or finished for {still.TotalSeconds:0} s";
            }
        }

        return null;
    }

    private sealed record Leadership(IReadOnlyList<WatchLife> Watches, IReadOnlyList<(string Name, WorkQueue<string> Queue)> Queues);

    /// <summary>A watch, and when it was last seen to have tried: attempts that fail are attempts.</summary>
    private sealed class WatchLife(IInformerState state, TimeProvider time)
    {
        private readonly Lock _lock = new();
        private long _failures;
        private long _triedAt = time.GetTimestamp();

        public IInformerState State => state;

        public TimeSpan Silence()
        {
            lock (_lock)
            {
                if (state.Failures is var failures && failures != _failures)
                {
                    (_failures, _triedAt) = (failures, time.GetTimestamp());
                }

                var tried = time.GetElapsedTime(_triedAt);
                return state.SinceProgress is var silence && silence < tried ? silence : tried;
            }
        }
    }
}
