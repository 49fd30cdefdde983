namespace ConntrackOperator.Planning.Advice.Findings;

/// <summary>Why a table fills up, or loses packets; of two that are equally pressing, the earlier here is told first.</summary>
public enum Cause
{
    /// <summary>All ports of a translated address towards one destination are in use.</summary>
    NatPortsExhausted,

    /// <summary>Another network namespace's table is full: a pod's.</summary>
    OtherNamespaceFull,

    /// <summary>SYNs to where nothing answers.</summary>
    SynFloodUnanswered,

    /// <summary>SYNs that are answered, and nothing comes back: SYN_RECV.</summary>
    SynFloodAnswered,

    /// <summary>UDP that is not answered.</summary>
    UdpFlood,

    /// <summary>Echo requests and the like.</summary>
    IcmpFlood,

    /// <summary>Packets of other kinds that are not answered.</summary>
    OtherFlood,

    /// <summary>One source looks through many ports or hosts.</summary>
    Scan,

    /// <summary>A tunnel's packets, which make an entry for each inner connection and direction.</summary>
    OneWayTunnel,

    /// <summary>Answers take a way that does not lead through this machine.</summary>
    AsymmetricRouting,

    /// <summary>Queries for names.</summary>
    DnsStorm,

    /// <summary>A client opens connections and does not close them.</summary>
    LeakingClient,

    /// <summary>Connections that one end has closed and the other does not.</summary>
    CloseWait,

    /// <summary>Many short connections: TIME_WAIT and other closing states.</summary>
    ShortConnections,

    /// <summary>Connections without a packet for hours, of no single client.</summary>
    IdleConnections,

    /// <summary>Hash chains are too long: entries are refused although the table has room.</summary>
    ChainsTooLong,

    /// <summary>Packets lost because another was inserted first: not a matter of room.</summary>
    LostRaces,

    /// <summary>The table is too small for what is really in use.</summary>
    TableTooSmall,

    /// <summary>The table fills up, and what was looked at does not tell why.</summary>
    Unclear,
}
