namespace ConntrackOperator.Planning.Advice.Facts;

/// <summary>What the machine's rules say, as far as they could be read.</summary>
public sealed record RuleFacts
{
    /// <summary>Nothing could be read.</summary>
    public static RuleFacts NotKnown { get; } = new();

    /// <summary>Whether a rule drops packets that are INVALID; null: the rules could not be read.</summary>
    public bool? DropsInvalid { get; init; }

    /// <summary>That rule, as it is listed; null where there is none.</summary>
    public string? DropsInvalidRule { get; init; }

    /// <summary>Rules that translate sources to a range of ports, with the command that puts the same with all ports before them.</summary>
    public IReadOnlyList<TranslationRule> Translations { get; init; } = [];

    /// <summary>Whether the program nft is there; else rules are written for iptables.</summary>
    public bool HasNft { get; init; } = true;
}
