using System.Globalization;

namespace ConntrackOperator.Netfilter.Sysctls;

/// <summary>
/// Whether new entries can have extensions (struct nf_ct_ext), which take as much memory again as half an entry. What can't be ruled
/// out counts as possible.
/// </summary>
public static class EntryExtensions
{
    private const int NetfilterProtocol = 12;

    // NFNLGRP_CONNTRACK_NEW to NFNLGRP_CONNTRACK_EXP_DESTROY are the groups 1 to 6 (linux/netfilter/nfnetlink.h).
    private const uint EventGroups = 0x3f;

    /// <summary>Says why an entry can have one.</summary>
    /// <param name="sysctls">The keys of the network namespace.</param>
    /// <param name="procPath">Where procfs is mounted.</param>
    /// <param name="sysPath">Where sysfs is mounted.</param>
    /// <returns>A few words; null: none can have any.</returns>
    public static string? Why(SysctlDirectory sysctls, string procPath, string sysPath)
    {
        ArgumentNullException.ThrowIfNull(sysctls);
        if (Directory.Exists(sysPath + "/module/nf_nat"))
        {
            return "NAT is loaded";
        }

        return sysctls.Read(SysctlNames.Accounting).Value is > 0 ? "accounting is on"
            : sysctls.Read(SysctlNames.Timestamp).Value is > 0 ? "timestamps are on"
            : sysctls.Read(SysctlNames.Events).Value is 1 ? "events are on"
            : sysctls.Read(SysctlNames.Events).Value is > 1 && AreListeners(procPath) ? "somebody listens to events"
            // Built in it leaves no trace: without a list of modules it may be.
            : File.Exists(procPath + "/modules") ? null : "NAT can't be ruled out";
    }

    // "sk Eth Pid Groups …": the protocol in decimal, the groups as a bit mask (net/netlink/af_netlink.c, netlink_native_seq_show).
    private static bool AreListeners(string procPath)
    {
        try
        {
            return File.ReadLines(procPath + "/net/netlink").Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Any(f =>
                f.Length > 3 && int.TryParse(f[1], NumberStyles.None, CultureInfo.InvariantCulture, out var protocol)
                    && protocol == NetfilterProtocol
                && uint.TryParse(f[3], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var groups)
                && (groups & EventGroups) != 0);
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return true;
        }
    }
}
