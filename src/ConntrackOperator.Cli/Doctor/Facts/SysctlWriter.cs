namespace ConntrackOperator.Cli.Doctor.Facts;

/// <summary>Something else that writes a sysctl of connection tracking.</summary>
/// <param name="Who">What it is, for people: Tuned openshift-cluster-node-tuning-operator/edge, profile edge.</param>
/// <param name="Sysctl">The key under net.netfilter.</param>
/// <param name="Value">What it writes; null: not seen.</param>
/// <param name="Remedy">What to change there.</param>
internal sealed record SysctlWriter(string Who, string Sysctl, long? Value, string Remedy)
{
    /// <summary>The nodes that it reaches; null: not known, it may reach every node.</summary>
    public IReadOnlyList<string>? Nodes { get; init; }

    public bool Reaches(NodeView node) => Nodes is null || Nodes.Contains(node.Name, StringComparer.Ordinal);
}
