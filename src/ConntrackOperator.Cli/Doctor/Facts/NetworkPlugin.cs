namespace ConntrackOperator.Cli.Doctor.Facts;

/// <summary>A network plug-in that was recognized.</summary>
/// <param name="Name">Such as Cilium.</param>
/// <param name="Kind">How it tracks connections.</param>
/// <param name="Source">By what it was recognized: DaemonSet kube-system/cilium.</param>
internal sealed record NetworkPlugin(string Name, PluginKind Kind, string Source)
{
    /// <summary>Whether it does the work of kube-proxy.</summary>
    public bool ReplacesKubeProxy { get; init; }

    /// <summary>Whether what leaves the cluster is translated in its own maps as well, not by iptables.</summary>
    public bool MasqueradesItself { get; init; }

    /// <summary>Most TCP connections in its own map; null: its default.</summary>
    public long? OwnTcpEntries { get; init; }
}
