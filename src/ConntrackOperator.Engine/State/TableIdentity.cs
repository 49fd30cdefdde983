using ConntrackOperator.Netfilter.Host;

namespace ConntrackOperator.Engine.State;

/// <summary>Which table a file of the state directory speaks of: that of one network namespace, in one boot.</summary>
/// <param name="BootId">The boot's id.</param>
/// <param name="NetworkNamespace">What no other network namespace of this boot is called, before or after.</param>
internal sealed record TableIdentity(string BootId, string NetworkNamespace)
{
    /// <summary>The table of the network namespace that the facts are of.</summary>
    /// <param name="facts">The machine, and the network namespace.</param>
    /// <returns>Null where the boot or the namespace can't be told from another: nothing may be kept for it.</returns>
    public static TableIdentity? Of(HostFacts facts) =>
        facts.BootId.Length > 0 && NamespaceOf(facts) is { } name ? new TableIdentity(facts.BootId, name) : null;

    // An inode is given to the next namespace as soon as the last one is gone; only the initial one never is.
    private static string? NamespaceOf(HostFacts facts) =>
        facts.NetworkNamespaceCookie.Length > 0 ? "cookie " + facts.NetworkNamespaceCookie
        : facts.IsInitialNetworkNamespace ? "initial"
        : null;
}
