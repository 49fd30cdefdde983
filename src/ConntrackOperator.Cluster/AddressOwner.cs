namespace ConntrackOperator.Cluster;

/// <summary>Who has an address in the cluster.</summary>
/// <param name="Kind">pod, node or service.</param>
/// <param name="Namespace">The namespace; null for a node.</param>
/// <param name="Name">The name.</param>
public sealed record AddressOwner(string Kind, string? Namespace, string Name)
{
    /// <summary>
    /// Who of these pods has the address. Pods that have ended have given it back; pods on the host's network have their node's, and
    /// which of them it is nobody can tell: then it is the node. Pure.
    /// </summary>
    /// <param name="pods">Pods whose status names the address.</param>
    /// <returns>Null when none of them has it.</returns>
    public static AddressOwner? Of(IEnumerable<PodObject> pods)
    {
        var live = pods.Where(p => p.Status?.Phase is not ("Succeeded" or "Failed")).ToList();
        var own = live.Where(p => p.Spec?.HostNetwork != true && p.Metadata?.Name is not null)
            .OrderByDescending(p => p.Status?.Phase == "Running").FirstOrDefault();
        return own is not null ? new AddressOwner("pod", own.Metadata!.Namespace, own.Metadata.Name!)
            : live.Find(p => p.Spec is { HostNetwork: true, NodeName: not null }) is { } shares
                ? new AddressOwner("node", null, shares.Spec!.NodeName!)
            : null;
    }

    /// <summary>Such as pod shop/cart-7d9f, or node node-7.</summary>
    public override string ToString() => Namespace is null ? $"{Kind} {Name}" : $"{Kind} {Namespace}/{Name}";
}
