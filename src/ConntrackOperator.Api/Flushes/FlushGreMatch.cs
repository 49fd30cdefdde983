using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Flushes;

/// <summary>Keys of GRE, which PPTP calls have; others have 0: all that is given must hold.</summary>
[Rule(
    "has(self.sourceKey) || has(self.destinationKey) || has(self.replySourceKey) || has(self.replyDestinationKey)",
    RuleMessages.FieldsEmpty)]
public sealed record FlushGreMatch
{
    /// <summary>The key of the original source.</summary>
    [Range(0, 65535)]
    public int? SourceKey { get; init; }

    /// <summary>The key of the original destination.</summary>
    [Range(0, 65535)]
    public int? DestinationKey { get; init; }

    /// <summary>The key of who answers.</summary>
    [Range(0, 65535)]
    public int? ReplySourceKey { get; init; }

    /// <summary>The key of who is answered.</summary>
    [Range(0, 65535)]
    public int? ReplyDestinationKey { get; init; }
}
