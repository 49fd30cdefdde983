namespace ConntrackOperator.Netfilter.Flows;

/// <summary>Parts of an entry: which ones a source gave, or which ones a reader wants decoded.</summary>
[Flags]
public enum FlowFields
{
    /// <summary>Nothing but the original tuple, which is always there.</summary>
    None = 0,

    /// <summary>The reply tuple.</summary>
    Reply = 1 << 0,

    /// <summary>The status bits.</summary>
    Status = 1 << 1,

    /// <summary>Seconds left.</summary>
    Timeout = 1 << 2,

    /// <summary>The protocol's state.</summary>
    State = 1 << 3,

    /// <summary>The mark.</summary>
    Mark = 1 << 4,

    /// <summary>The zone.</summary>
    Zone = 1 << 5,

    /// <summary>The zone of the original direction alone.</summary>
    OriginalZone = 1 << 6,

    /// <summary>The zone of the reply direction alone.</summary>
    ReplyZone = 1 << 7,

    /// <summary>The reference count.</summary>
    Use = 1 << 8,

    /// <summary>The identity.</summary>
    Id = 1 << 9,

    /// <summary>Packets and bytes of the original direction.</summary>
    OriginalCounters = 1 << 10,

    /// <summary>Packets and bytes of the reply direction.</summary>
    ReplyCounters = 1 << 11,

    /// <summary>When it began.</summary>
    Start = 1 << 12,

    /// <summary>When it ended.</summary>
    Stop = 1 << 13,

    /// <summary>Seconds since it began, from a source that gives no start.</summary>
    Age = 1 << 14,

    /// <summary>The helper's name.</summary>
    Helper = 1 << 15,

    /// <summary>The labels.</summary>
    Labels = 1 << 16,

    /// <summary>The security context.</summary>
    SecurityContext = 1 << 17,

    /// <summary>TCP's flags of both directions, as the tracker keeps them.</summary>
    TcpFlags = 1 << 18,

    /// <summary>Everything.</summary>
    All = (1 << 19) - 1,
}
