using ConntrackOperator.Kubernetes.WorkQueues;
using CsCheck;

namespace ConntrackOperator.Kubernetes.Tests.WorkQueues;

public sealed class DelayHeapTests
{
    private readonly DelayHeap<string> _heap = new();

    [Fact]
    public void Keys_come_out_by_their_moments_and_those_of_one_moment_as_they_came()
    {
        _heap.Add("late", 9);
        _heap.Add("first of two", 5);
        _heap.Add("second of two", 5);
        _heap.Add("early", 1);
        Assert.Equal(["early", "first of two", "second of two", "late"], TakeAll(9));
    }

    [Fact]
    public void Nothing_comes_out_before_its_moment()
    {
        _heap.Add("a", 5);
        Assert.False(_heap.TryTake(4, out _));
        Assert.True(_heap.TryTake(5, out _));
    }

    [Fact]
    public void The_earlier_of_two_moments_counts()
    {
        Assert.True(_heap.Add("a", 5));
        Assert.False(_heap.Add("a", 7));
        Assert.False(_heap.Add("a", 5));
        Assert.True(_heap.Add("a", 3));
        Assert.Equal((1, 3L), (_heap.Count, _heap.First));
        Assert.Equal(["a"], TakeAll(100));
    }

    [Fact]
    public void Only_a_key_that_comes_first_asks_for_the_timer()
    {
        Assert.True(_heap.Add("a", 5));
        Assert.False(_heap.Add("b", 5));
        Assert.True(_heap.Add("c", 4));
    }

    [Fact]
    public void A_key_that_was_forgotten_does_not_come_out_and_may_come_again_later()
    {
        _heap.Add("a", 5);
        _heap.Remove("a");
        Assert.Equal((0, null), (_heap.Count, _heap.First));
        _heap.Add("a", 8);
        Assert.False(_heap.TryTake(7, out _));
        Assert.Equal(["a"], TakeAll(8));
    }

    [Fact]
    public void Bringing_one_key_forward_for_ever_takes_no_memory()
    {
        _heap.Add("other", 0);
        for (var at = 100_000; at > 0; at--)
        {
            _heap.Add("a", at);
        }

        Assert.InRange(_heap.Entries, 2, 20);
    }

    [Fact]
    public void It_does_what_a_sorted_list_does() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 5], Gen.Long[0, 50]).List[0, 60].Sample(steps =>
        {
            var heap = new DelayHeap<int>();
            var model = new List<(int Key, long At)>();
            foreach (var (what, key, at) in steps)
            {
                var old = model.FindIndex(m => m.Key == key);
                switch (what)
                {
                    case 0 when old < 0 || model[old].At > at:
                        model.RemoveAll(m => m.Key == key);
                        model.Add((key, at));
                        Assert.Equal(model.TrueForAll(m => m.Key == key || m.At > at), heap.Add(key, at));
                        break;
                    case 0:
                        Assert.False(heap.Add(key, at));
                        break;
                    case 1:
                        model.RemoveAll(m => m.Key == key);
                        heap.Remove(key);
                        break;
                    default:
                        // The model is in the order of arrival, and the sort is stable.
                        var due = model.Where(m => m.At <= at).OrderBy(m => m.At).Select(m => m.Key).ToList();
                        model.RemoveAll(m => m.At <= at);
                        var taken = new List<int>();
                        while (heap.TryTake(at, out var next))
                        {
                            taken.Add(next);
                        }

                        Assert.Equal(due, taken);
                        break;
                }

                Assert.Equal(model.Count, heap.Count);
                Assert.Equal(model.Count == 0 ? null : model.Min(m => m.At), heap.First);
            }
        });

    private List<string> TakeAll(long now)
    {
        var taken = new List<string>();
        while (_heap.TryTake(now, out var key))
        {
            taken.Add(key);
        }

        return taken;
    }
}
