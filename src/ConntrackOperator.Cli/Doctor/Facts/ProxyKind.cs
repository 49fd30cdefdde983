namespace ConntrackOperator.Cli.Doctor.Facts;

/// <summary>Where a kube-proxy's configuration is changed.</summary>
internal enum ProxyKind
{
    /// <summary>In a ConfigMap that its pods mount.</summary>
    ConfigMap,

    /// <summary>In the flags of a DaemonSet.</summary>
    DaemonSetFlags,

    /// <summary>In the flags of static pods: on each node, by whoever makes the nodes.</summary>
    StaticPodFlags,

    /// <summary>In the configuration of k3s or RKE2.</summary>
    Embedded,

    /// <summary>In the command line, or the file it names, of a process of this machine.</summary>
    Process,
}
