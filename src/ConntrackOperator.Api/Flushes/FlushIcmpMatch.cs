using ConntrackOperator.Api.Schema;

namespace ConntrackOperator.Api.Flushes;

/// <summary>Fields of ICMP or ICMPv6: all that is given must hold.</summary>
[Rule(
    "has(self.type) || has(self.code) || has(self.id) || has(self.replyType) || has(self.replyCode) || has(self.replyId)",
    RuleMessages.FieldsEmpty)]
public sealed record FlushIcmpMatch
{
    /// <summary>The original type: 8 (ICMPv6: 128) is an echo request. Only messages that ask for an answer have entries.</summary>
    [Range(0, 255)]
    public int? Type { get; init; }

    /// <summary>The original code.</summary>
    [Range(0, 255)]
    public int? Code { get; init; }

    /// <summary>The original identifier.</summary>
    [Range(0, 65535)]
    public int? Id { get; init; }

    /// <summary>The answer's type: 0 (ICMPv6: 129) is an echo reply.</summary>
    [Range(0, 255)]
    public int? ReplyType { get; init; }

    /// <summary>The answer's code.</summary>
    [Range(0, 255)]
    public int? ReplyCode { get; init; }

    /// <summary>The answer's identifier: the original one, or what it was translated to.</summary>
    [Range(0, 65535)]
    public int? ReplyId { get; init; }
}
