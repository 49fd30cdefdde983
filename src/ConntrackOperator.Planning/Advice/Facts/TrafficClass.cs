namespace ConntrackOperator.Planning.Advice.Facts;

/// <summary>What an entry is to somebody who asks why the table is full.</summary>
public enum TrafficClass
{
    /// <summary>TCP: a SYN that has had no answer.</summary>
    SynSent,

    /// <summary>TCP: a SYN that was answered, and then nothing came back.</summary>
    SynReceived,

    /// <summary>TCP: ESTABLISHED, with packets both ways.</summary>
    Established,

    /// <summary>TCP: picked up in mid-connection, with packets in one direction only.</summary>
    OneWay,

    /// <summary>TCP: one end has closed, the other has not.</summary>
    CloseWait,

    /// <summary>TCP: TIME_WAIT.</summary>
    TimeWait,

    /// <summary>TCP: FIN_WAIT, LAST_ACK, CLOSE.</summary>
    Closing,

    /// <summary>UDP without a reply.</summary>
    UdpUnreplied,

    /// <summary>UDP with a reply, not yet a stream.</summary>
    UdpReplied,

    /// <summary>UDP that has gone both ways for a while.</summary>
    UdpStream,

    /// <summary>ICMP and ICMPv6.</summary>
    Icmp,

    /// <summary>Any other protocol without a reply.</summary>
    OtherUnreplied,

    /// <summary>Any other protocol with a reply.</summary>
    Other,
}
