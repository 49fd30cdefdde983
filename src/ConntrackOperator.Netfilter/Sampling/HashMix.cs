namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>Mixes words into a hash: the high and the low half of a 128-bit product, folded.</summary>
internal static class HashMix
{
    // Odd numbers with bits all over: the fractional parts of the golden ratio and of the square root of 3.
    private const ulong One = 0x9E3779B97F4A7C15;
    private const ulong Other = 0xBB67AE8584CAA73B;

    internal static ulong Of(ulong seed, ulong first, ulong second)
    {
        var high = Math.BigMul(first ^ seed ^ One, second ^ Other, out var low);
        high = Math.BigMul(high ^ low ^ first, seed | One, out low);
        return high ^ low;
    }
}
