namespace ConntrackOperator.TestKit.Kernel;

/// <summary>A kind of entry.</summary>
/// <param name="Name">For people.</param>
/// <param name="Rules">What nft is given.</param>
/// <param name="Key">The key of net.netfilter that is set to 1.</param>
/// <param name="Extensions">Whether each entry has extensions then.</param>
public sealed record EntryMemoryCase(string Name, string Rules, string? Key, bool Extensions);
