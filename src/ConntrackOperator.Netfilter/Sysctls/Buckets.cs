namespace ConntrackOperator.Netfilter.Sysctls;

/// <summary>The hash table's size as the kernel makes it.</summary>
public static class Buckets
{
    /// <summary>
    /// The number of buckets that the kernel of this machine makes of <paramref name="buckets"/>: rounded up so that they fill
    /// whole pages (nf_ct_alloc_hashtable in net/netfilter/nf_conntrack_core.c), each one a pointer, so a multiple of 512 with 4 KiB pages.
    /// </summary>
    /// <param name="buckets">Buckets asked for, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="buckets"/> is negative.</exception>
    public static long Round(long buckets) => Round(buckets, Environment.SystemPageSize);

    /// <inheritdoc cref="Round(long)"/>
    /// <param name="buckets">Buckets asked for, 0 or more.</param>
    /// <param name="pageSize">Bytes a page: 4096, or 16384 or 65536 on some arm64 kernels.</param>
    public static long Round(long buckets, int pageSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(buckets);
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, IntPtr.Size);
        var step = pageSize / IntPtr.Size;
        return buckets > long.MaxValue - step ? long.MaxValue / step * step : (buckets + step - 1) / step * step;
    }
}
