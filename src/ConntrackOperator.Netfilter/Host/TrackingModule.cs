namespace ConntrackOperator.Netfilter.Host;

/// <summary>Whether the kernel tracks connections at all, whatever of its settings can be seen from here.</summary>
public static class TrackingModule
{
    /// <summary>
    /// True when there is a sign of the module nf_conntrack: its directory in sysfs (it has parameters, so built in it is there as
    /// well), or its files in procfs. A container may see these and not the settings: older kernels hide them from network namespaces
    /// of unprivileged user namespaces (net/netfilter/nf_conntrack_standalone.c), and /proc/sys may be mounted over.
    /// </summary>
    /// <param name="procPath">Where procfs is mounted.</param>
    /// <param name="sysPath">Where sysfs is mounted.</param>
    public static bool IsSeen(string procPath = "/proc", string sysPath = "/sys") =>
        Directory.Exists(sysPath + "/module/nf_conntrack") || File.Exists(procPath + "/net/stat/nf_conntrack")
            || File.Exists(procPath + "/net/nf_conntrack");
}
