using ConntrackOperator.Kubernetes.WorkQueues;
using CsCheck;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Kubernetes.Tests.WorkQueues;

/// <summary>The queue against a model that is too simple to be wrong.</summary>
public sealed class WorkQueueModelTests
{
    private static readonly Gen<Step> _steps = Gen.Select(Gen.Enum<Action>(), Gen.Int[0, 3], Gen.Int[0, 50])
        .Select((action, key, milliseconds) => new Step(action, key, milliseconds));

    private enum Action
    {
        Add,
        AddAfter,
        AddRateLimited,
        Forget,
        Get,
        Done,
        Advance,
    }

    [Fact]
    public void Queue_does_what_the_model_does() => _steps.Array[1, 80].Sample(steps =>
    {
        var time = new FakeTimeProvider();
        using var queue = new WorkQueue<int>(null, time);
        var model = new Model();
        foreach (var step in steps)
        {
            Take(step, queue, model, time);
            Assert.Equal(model.Ready.Count, queue.Depth);
            Assert.Equal(model.Due.Count, queue.Waiting);
            Assert.Equal(model.Processing.Count, queue.Processing);
        }
    });

    [Fact]
    public void No_key_is_lost_whatever_happens() => _steps.Array[1, 60].Sample(steps =>
    {
        var time = new FakeTimeProvider();
        using var queue = new WorkQueue<int>(null, time);
        var model = new Model();
        // The keys that were added and not handed out since.
        var owed = new HashSet<int>();
        foreach (var step in steps)
        {
            var handedOut = Take(step, queue, model, time);
            if (step.Action is Action.Add or Action.AddAfter or Action.AddRateLimited)
            {
                owed.Add(step.Key);
            }

            if (handedOut is { } key)
            {
                owed.Remove(key);
            }
        }

        foreach (var key in model.Processing)
        {
            queue.Done(key);
        }

        time.Advance(TimeSpan.FromHours(1));
        var left = new HashSet<int>();
        while (queue.Depth > 0)
        {
            left.Add(queue.GetAsync(CancellationToken.None).AsTask().Result);
        }

        Assert.Superset(owed, left);
    });

    private static int? Take(Step step, WorkQueue<int> queue, Model model, FakeTimeProvider time)
    {
        var (action, key, milliseconds) = step;
        switch (action)
        {
            case Action.Add:
                queue.Add(key);
                model.Add(key);
                break;
            case Action.AddAfter:
                queue.AddAfter(key, TimeSpan.FromMilliseconds(milliseconds));
                model.AddAfter(key, milliseconds);
                break;
            case Action.AddRateLimited:
                var wait = queue.AddRateLimited(key);
                var expected = Math.Min(5 * Math.Pow(2, model.Failures.GetValueOrDefault(key)), 1_000_000);
                model.Failures[key] = model.Failures.GetValueOrDefault(key) + 1;
                Assert.Equal(expected, wait.TotalMilliseconds);
                model.AddAfter(key, expected);
                break;
            case Action.Forget:
                queue.Forget(key);
                model.Failures.Remove(key);
                break;
            case Action.Get when model.Ready.Count > 0:
                var handedOut = queue.GetAsync(CancellationToken.None).AsTask().Result;
                Assert.Equal(model.Get(), handedOut);
                return handedOut;
            case Action.Done when model.Processing.Contains(key):
                queue.Done(key);
                model.Done(key);
                break;
            case Action.Advance:
                // Step by step, so that keys that come due at different times keep their order.
                for (var i = 0; i < milliseconds; i++)
                {
                    time.Advance(TimeSpan.FromMilliseconds(1));
                    model.Advance();
                }

                break;
        }

        return null;
    }

    private sealed record Step(Action Action, int Key, int Milliseconds);

    private sealed class Model
    {
        private readonly HashSet<int> _again = [];
        private double _now;
        private int _tie;

        public List<int> Ready { get; } = [];

        public HashSet<int> Processing { get; } = [];

        public Dictionary<int, (double At, int Tie)> Due { get; } = [];

        public Dictionary<int, int> Failures { get; } = [];

        public void Add(int key)
        {
            Due.Remove(key);
            if (Processing.Contains(key))
            {
                _again.Add(key);
            }
            else if (!Ready.Contains(key))
            {
                Ready.Add(key);
            }
        }

        public void AddAfter(int key, double milliseconds)
        {
            if (milliseconds <= 0)
            {
                Add(key);
            }
            else if (!Ready.Contains(key) && !_again.Contains(key)
                && !(Due.TryGetValue(key, out var due) && due.At <= _now + milliseconds))
            {
                Due[key] = (_now + milliseconds, _tie++);
            }
        }

        public int Get()
        {
            var key = Ready[0];
            Ready.RemoveAt(0);
            Processing.Add(key);
            return key;
        }

        public void Done(int key)
        {
            Processing.Remove(key);
            if (_again.Remove(key))
            {
                Ready.Add(key);
            }
        }

        public void Advance()
        {
            _now++;
            foreach (var (key, _) in Due.Where(pair => pair.Value.At <= _now).OrderBy(pair => pair.Value).ToList())
            {
                Add(key);
            }
        }
    }
}
