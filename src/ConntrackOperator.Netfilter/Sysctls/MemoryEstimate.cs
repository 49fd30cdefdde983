namespace ConntrackOperator.Netfilter.Sysctls;

/// <summary>What a connection-tracking table of a given size takes of the kernel's memory when it is full.</summary>
public static class MemoryEstimate
{
    /// <summary>Bytes a bucket: one pointer (struct hlist_nulls_head).</summary>
    public const int BytesPerBucket = 8;

    /// <summary>Bytes a slab slot of struct nf_conn, where /proc/slabinfo can't be read. Linux 4.x to 6.x, x86-64 and arm64.</summary>
    public const int DefaultSlotBytes = 256;

    /// <summary>Bytes of an entry's extensions (struct nf_ct_ext) without accounting and timestamps, as kmalloc rounds them.</summary>
    private const int ExtensionBytes = 64;

    /// <summary>The same with accounting (32 bytes) or timestamps (16 bytes), which tip it into the next kmalloc size.</summary>
    private const int ExtendedExtensionBytes = 128;

    /// <summary>Bytes of a full table: 320 an entry (384 with accounting or timestamps) and 8 a bucket by default.</summary>
    /// <param name="entries">nf_conntrack_max, 0 or more.</param>
    /// <param name="buckets">nf_conntrack_buckets, 0 or more.</param>
    /// <param name="extended">Whether nf_conntrack_acct or nf_conntrack_timestamp is on.</param>
    /// <param name="slabSlotBytes">What <see cref="SlabInfo.ReadSlotBytes"/> found; null takes <see cref="DefaultSlotBytes"/>.</param>
    /// <returns>Bytes; <see cref="long.MaxValue"/> where they would not fit.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    public static long Bytes(long entries, long buckets, bool extended, int? slabSlotBytes = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(entries);
        ArgumentOutOfRangeException.ThrowIfNegative(buckets);
        var slot = slabSlotBytes ?? DefaultSlotBytes;
        ArgumentOutOfRangeException.ThrowIfNegative(slot, nameof(slabSlotBytes));
        var entry = slot + (extended ? ExtendedExtensionBytes : ExtensionBytes);
        var total = ((Int128)entries * entry) + ((Int128)buckets * BytesPerBucket);
        return total > long.MaxValue ? long.MaxValue : (long)total;
    }
}
