namespace ConntrackOperator.Netfilter.Deleting;

/// <summary>What a kernel can delete by, as its answers to harmless requests show.</summary>
[Flags]
public enum KernelFilters
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Deletes all entries that CTA_FILTER lets through (Linux 6.12); without it nothing else counts.</summary>
    Flush = 1 << 0,

    /// <summary>Compares the status (Linux 5.15).</summary>
    Status = 1 << 1,

    /// <summary>Compares the zone (Linux 6.8).</summary>
    Zone = 1 << 2,
}
