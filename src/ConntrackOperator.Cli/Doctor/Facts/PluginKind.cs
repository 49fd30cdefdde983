namespace ConntrackOperator.Cli.Doctor.Facts;

/// <summary>How a network plug-in tracks connections.</summary>
internal enum PluginKind
{
    /// <summary>In the kernel's table, as iptables and nftables do.</summary>
    KernelTable,

    /// <summary>In the kernel's table, through Open vSwitch with zones of its own.</summary>
    OpenVSwitch,

    /// <summary>Cilium, in maps of its own.</summary>
    Cilium,

    /// <summary>Calico with its eBPF data plane, in maps of its own.</summary>
    CalicoEbpf,
}
