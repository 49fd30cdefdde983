using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Translation;

/// <summary>
/// What connections of one translated source to one destination have of its ports. Each has one that no other of them has: the reply
/// direction of an entry is unique, and of these differs in nothing else.
/// </summary>
/// <param name="Source">The address that sources are translated to.</param>
/// <param name="Destination">Where they go, after translation.</param>
/// <param name="Port">The destination's port.</param>
/// <param name="Protocol">The IP protocol's number.</param>
public sealed record PortUse(FlowAddress Source, FlowAddress Destination, ushort Port, byte Protocol)
{
    /// <summary>Ports in use; estimated unless <see cref="IsExact"/>.</summary>
    public required long Ports { get; init; }

    /// <summary>Whether every entry was looked at, those of the address's own connections among them.</summary>
    public required bool IsExact { get; init; }

    /// <summary>Entries that were seen.</summary>
    public required long Seen { get; init; }

    /// <summary>Of these, how many have another port than their source sent from.</summary>
    public required long Moved { get; init; }

    /// <summary>The lowest port seen.</summary>
    public required ushort Lowest { get; init; }

    /// <summary>The highest port seen.</summary>
    public required ushort Highest { get; init; }

    /// <summary>The source before translation, where all seen had the same; else null.</summary>
    public FlowAddress? OnlyClient { get; init; }
}
