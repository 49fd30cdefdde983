using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Sampling;
using CsCheck;

namespace ConntrackOperator.Netfilter.Tests.Sampling;

public sealed class HeavyHittersTests
{
    [Fact]
    public void Few_keys_are_counted_exactly() =>
        Gen.UShort[0, 1500].Array[0, 5000].Sample(stream =>
        {
            var hitters = Count(stream.Select(k => (uint)k));
            var exact = stream.GroupBy(k => (uint)k).ToDictionary(g => g.Key, g => (long)g.Count());
            return hitters.Error == 0 && hitters.Top(int.MaxValue).All(h => exact[(uint)h.Key.Address.Low] == h.Count)
                && hitters.Top(int.MaxValue).Count == exact.Count;
        }, iter: 50);

    [Fact]
    public void A_true_count_lies_between_what_is_kept_and_the_error_above_it() =>
        Gen.Select(Gen.Int[1, 60], Gen.Int[10_000, 200_000], Gen.Int).Sample((heavy, length, seed) =>
        {
            // Some keys of ever smaller weight in a crowd that no table can hold.
            var random = new Random(seed);
            var stream = new uint[length];
            for (var i = 0; i < length; i++)
            {
                stream[i] = random.Next(2) == 0 ? (uint)Math.Pow(heavy, random.NextDouble() * random.NextDouble()) : (uint)random.Next();
            }

            var hitters = Count(stream);
            var exact = stream.GroupBy(k => k).ToDictionary(g => g.Key, g => (long)g.Count());
            var kept = hitters.Top(int.MaxValue).ToDictionary(h => (uint)h.Key.Address.Low, h => h.Count);
            var third = hitters.Top(int.MaxValue, TalkerKind.First).ToDictionary(h => (uint)h.Key.Address.Low, h => h.Count);
            return exact.Where(e => e.Key % 3 == 1)
                .All(e => third.GetValueOrDefault(e.Key) <= e.Value && e.Value <= third.GetValueOrDefault(e.Key) + hitters.Error)
                && third.Keys.All(k => k % 3 == 1)
                && exact.All(e => kept.GetValueOrDefault(e.Key) <= e.Value && e.Value <= kept.GetValueOrDefault(e.Key) + hitters.Error)
                && hitters.Error <= length / 500;
        }, iter: 20);

    [Fact]
    public void The_heaviest_come_first_and_no_more_than_asked_for()
    {
        var hitters = Count([.. Enumerable.Repeat(1u, 5), .. Enumerable.Repeat(2u, 9), .. Enumerable.Repeat(3u, 7)]);
        Assert.Equal([(2u, 9L), (3u, 7L)], hitters.Top(2).Select(h => ((uint)h.Key.Address.Low, h.Count)));
        hitters.Clear();
        Assert.Empty(hitters.Top(2));
    }

    private static HeavyHitters Count(IEnumerable<uint> stream)
    {
        var hitters = new HeavyHitters(new Random(42));
        foreach (var key in stream)
        {
            hitters.Add(TalkerKey.Source(new FlowTuple { SourceLow = key }), (TalkerKind)(key % 3));
        }

        return hitters;
    }
}
