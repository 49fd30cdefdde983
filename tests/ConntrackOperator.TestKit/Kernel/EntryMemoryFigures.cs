namespace ConntrackOperator.TestKit.Kernel;

/// <summary>What entries took.</summary>
/// <param name="Entries">Entries that were made.</param>
/// <param name="Objects">By how many objects in use the cache nf_conntrack grew, which others' entries are counted in too.</param>
/// <param name="EntryBytes">Bytes that it grew by.</param>
/// <param name="OtherBytes">Bytes that the general caches grew by in which extensions are.</param>
public sealed record EntryMemoryFigures(long Entries, long Objects, long EntryBytes, long OtherBytes)
{
    /// <summary>Bytes an entry.</summary>
    public double BytesAnEntry => (double)(EntryBytes + OtherBytes) / Entries;

    /// <summary>Whether more than one in a hundred entries came or went that were not made by this.</summary>
    public bool Disturbed => Math.Abs(Objects - Entries) > Entries / 100;
}
