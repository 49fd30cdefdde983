namespace ConntrackOperator.Cli.Doctor.Facts;

/// <summary>A kube-proxy: where its configuration is, and what it does to connection tracking when it starts.</summary>
internal sealed record ProxyFacts
{
    public required ProxyKind Kind { get; init; }

    /// <summary>Where its configuration stands, for people: ConfigMap kube-system/kube-proxy, config.conf.</summary>
    public required string Source { get; init; }

    /// <summary>Name and namespace of what has it: the ConfigMap, the DaemonSet; <c>k3s</c>, <c>rke2</c>.</summary>
    public string Owner { get; init; } = string.Empty;

    public string Namespace { get; init; } = "kube-system";

    /// <summary>Its version; null: the node's.</summary>
    public KubeVersion? Version { get; init; }

    /// <summary>iptables, ipvs, nftables; empty means iptables.</summary>
    public string Mode { get; init; } = string.Empty;

    /// <summary>What it sets; null: could not be read.</summary>
    public ProxyConntrack? Conntrack { get; init; }

    /// <summary>The nodes that it runs on; null: every node.</summary>
    public IReadOnlyList<string>? Nodes { get; init; }

    public bool RunsOn(NodeView node) => Nodes is null || Nodes.Contains(node.Name, StringComparer.Ordinal);
}
