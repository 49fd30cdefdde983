using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Tests.Filters;

/// <summary>
/// What a kernel makes of each attribute, from net/netfilter/nf_conntrack_netlink.c of that version (ctnetlink_alloc_filter,
/// ctnetlink_filter_match, ctnetlink_flush_conntrack, ctnetlink_del_conntrack). What a kernel does not know it passes over in silence.
/// </summary>
internal sealed record KernelVersion(string Name)
{
    /// <summary>Reads CTA_FILTER in a dump: cb8aa9a3affb "add kernel side filtering for dump", 5.8.</summary>
    internal bool DumpsByFilter { get; init; }

    /// <summary>
    /// Deletes by CTA_FILTER: "support CTA_FILTER for flush", 6.12; before it is EOPNOTSUPP where there is no tuple, and not looked at
    /// where there is one.
    /// </summary>
    internal bool FlushesByFilter { get; init; }

    /// <summary>Compares CTA_STATUS, and refuses CTA_STATUS_MASK alone: "allow to filter dump by status bits", 5.15.</summary>
    internal bool ComparesStatus { get; init; }

    /// <summary>Compares CTA_ZONE: eff3c558bb7e "support filtering by zone", with fa173a1b4e3f for zone 0, 6.8.</summary>
    internal bool ComparesZone { get; init; }

    /// <summary>
    /// Neither flushes nor deletes offloaded entries (IPS_OFFLOAD, EBUSY): before 9b7c68b3911a "Support offloaded conntrack entry
    /// deletion", 6.4, which is in stable releases of mid-2023 as well (6.1.32, and older series). Those below without a number of the
    /// patch are as they were before it.
    /// </summary>
    internal bool KeepsOffloaded { get; init; }

    /// <summary>The errno for a flag in CTA_FILTER that it does not know.</summary>
    internal int WrongFlag { get; init; } = Errno.EOPNOTSUPP;

    /// <summary>Compares IPv6 addresses as everybody believes it does. No released kernel does, and one may some day.</summary>
    internal bool ComparesIPv6 { get; init; }

    internal static IReadOnlyList<KernelVersion> All { get; } =
    [
        // The mark filters dumps and flushes since 3.15; ctnetlink_flush_conntrack passes over all the rest.
        new("4.18") { KeepsOffloaded = true },
        new("5.4") { KeepsOffloaded = true },
        new("5.10") { DumpsByFilter = true, KeepsOffloaded = true },
        new("5.15") { DumpsByFilter = true, ComparesStatus = true, KeepsOffloaded = true },
        new("6.1.31") { DumpsByFilter = true, ComparesStatus = true, KeepsOffloaded = true },
        new("6.1.32") { DumpsByFilter = true, ComparesStatus = true },
        new("6.8") { DumpsByFilter = true, ComparesStatus = true, ComparesZone = true },
        new("6.12") { DumpsByFilter = true, ComparesStatus = true, ComparesZone = true, FlushesByFilter = true },

        // A flag that is not known is EINVAL here (seen on 6.18.44), as the netlink policy says.
        new("6.18") { DumpsByFilter = true, ComparesStatus = true, ComparesZone = true, FlushesByFilter = true, WrongFlag = Errno.EINVAL },

        // Not released by anybody, as far as is known: what distributions could make of it, and what may come.
        new("5.10 with the flush alone") { DumpsByFilter = true, FlushesByFilter = true, KeepsOffloaded = true },
        new("6.1 with the flush alone") { DumpsByFilter = true, ComparesStatus = true, FlushesByFilter = true },
        new("6.12 with IPv6 mended")
        {
            DumpsByFilter = true,
            ComparesStatus = true,
            ComparesZone = true,
            FlushesByFilter = true,
            ComparesIPv6 = true,
        },
    ];

    /// <inheritdoc />
    public override string ToString() => Name;
}
