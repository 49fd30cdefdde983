using System.Globalization;

namespace ConntrackOperator.Netfilter.Sysctls;

/// <summary>
/// Whether new entries can have extensions (struct nf_ct_ext), which take as much memory again as half an entry. What can't be ruled
/// out counts as possible, but for labels and time-outs that rules of nftables give: nothing short of all rules tells of them.
/// Not thread-safe.
/// </summary>
/// <param name="sysctls">The keys of the network namespace.</param>
/// <param name="procPath">Where procfs is mounted.</param>
/// <param name="sysPath">Where sysfs is mounted.</param>
public sealed class EntryExtensions(SysctlDirectory sysctls, string procPath, string sysPath)
{
    private const int NetfilterProtocol = 12;

    // NFNLGRP_CONNTRACK_NEW to NFNLGRP_CONNTRACK_EXP_DESTROY are the groups 1 to 6 (linux/netfilter/nfnetlink.h).
    private const uint EventGroups = 0x3f;

    // What calls nf_connlabels_get (every entry of the network namespace has labels then), gives time-outs, or is a helper.
    private static readonly string[] _modules = [
        "xt_connlabel", "openvswitch", "act_ct", "nfnetlink_cttimeout", "nfnetlink_cthelper", "nf_synproxy_core", "nf_conntrack_amanda",
        "nf_conntrack_ftp", "nf_conntrack_h323", "nf_conntrack_irc", "nf_conntrack_netbios_ns", "nf_conntrack_pptp", "nf_conntrack_sane",
        "nf_conntrack_sip", "nf_conntrack_snmp", "nf_conntrack_tftp"];

    private string? _builtIn;
    private bool _asked;

    /// <summary>Says why an entry can have one.</summary>
    /// <returns>A few words; null: none can have any.</returns>
    public string? Why() =>
        IsInTheKernel("nf_nat") ? "NAT is loaded"
            : sysctls.Read(SysctlNames.Accounting).Value is > 0 ? "accounting is on"
            : sysctls.Read(SysctlNames.Timestamp).Value is > 0 ? "timestamps are on"
            : sysctls.Read(SysctlNames.Events).Value is 1 ? "events are on"
            : sysctls.Read(SysctlNames.Events).Value is > 1 && AreListeners() ? "somebody listens to events"
            : BuiltIn() ?? (Array.Find(_modules, IsInTheKernel) is { } module ? module + " is in the kernel" : null);

    // What is built in has a directory there as well, where it has parameters.
    private bool IsInTheKernel(string module) => Directory.Exists(sysPath + "/module/" + module);

    // What is built into the kernel changes with a boot only, and its symbols are some megabytes.
    private string? BuiltIn()
    {
        if (!_asked)
        {
            _builtIn = !Directory.Exists(sysPath + "/module") ? "NAT can't be ruled out"
                : KernelSymbols.IsBuiltIn(procPath, "nf_nat_setup_info"u8) switch
                {
                    true => "NAT is built into the kernel",
                    false => null,
                    _ => "NAT can't be ruled out",
                };
            _asked = true;
        }

        return _builtIn;
    }

    // "sk Eth Pid Groups …": the protocol in decimal, the groups as a bit mask (net/netlink/af_netlink.c, netlink_native_seq_show).
    private bool AreListeners()
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
