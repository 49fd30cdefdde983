using ConntrackOperator.Incidents.Machine;

namespace ConntrackOperator.Incidents.Cases;

/// <summary>A staged incident: the traffic, and what is true of it.</summary>
internal sealed record Incident
{
    internal required string Name { get; init; }

    /// <summary>One line for the table.</summary>
    internal required string Title { get; init; }

    /// <summary>The machine's limit meanwhile; null leaves what it has.</summary>
    internal long? Limit { get; init; } = 20_000;

    /// <summary>Settings of the router, without nf_conntrack_.</summary>
    internal IReadOnlyDictionary<string, long> Settings { get; init; } = new Dictionary<string, long>();

    /// <summary>More rules of the router, for iptables-restore.</summary>
    internal string? Rules { get; init; }

    /// <summary>More legitimate connections: RATE@ADDRESS:PORT.</summary>
    internal string? MoreLegitimate { get; init; }

    /// <summary>What the generators in the clients' namespace send: arguments of the traffic program.</summary>
    internal required IReadOnlyList<string> Traffic { get; init; }

    /// <summary>What the incident has reached when it is looked at: entries in the router's table (or in the pod's).</summary>
    internal required long Reaches { get; init; }

    /// <summary>Whether it is the pod's table that fills.</summary>
    internal bool InPod { get; init; }

    /// <summary>Seconds that the traffic runs at the least before it is looked at.</summary>
    internal double AtLeast { get; init; }

    /// <summary>What happens when it has been reached, and before it is looked at.</summary>
    internal Action<Topology, IReadOnlyList<Generator>>? Then { get; init; }

    /// <summary>The causes that are true, each by any of several names, each with whom it must name (each by any of several).</summary>
    internal required IReadOnlyList<Truth> Truths { get; init; }

    /// <summary>Whether an entry of the generators' connections is legitimate too: none of them may be broken by what is advised.</summary>
    internal int? PreciousPort { get; init; }

    /// <summary>
    /// A page of the documentation, or a sample, in the checkout: its commands are run instead of those that are advised.
    /// </summary>
    internal string? Page { get; init; }

    /// <summary>Whether only the diagnosis is asked for: neither times nor losses are taken, and nothing is mended.</summary>
    internal bool OnlyAdvice { get; init; }

    /// <summary>Whether a fix on this machine exists; null where it is a matter of taste.</summary>
    internal bool? Fixable { get; init; }
}
