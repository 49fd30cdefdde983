namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>A key of <see cref="HeavyHitters{TKey}"/>.</summary>
internal interface IHashedKey<TKey> : IEquatable<TKey>
{
    /// <summary>A hash of which every bit is good.</summary>
    ulong Hash(ulong seed);
}
