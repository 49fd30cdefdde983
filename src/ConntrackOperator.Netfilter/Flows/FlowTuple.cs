namespace ConntrackOperator.Netfilter.Flows;

/// <summary>One direction of an entry: who sends to whom.</summary>
public struct FlowTuple
{
    internal ulong SourceHigh;
    internal ulong SourceLow;
    internal ulong DestinationHigh;
    internal ulong DestinationLow;
    internal bool IsV6;
    internal byte ProtocolNumber;
    internal ushort First;
    internal ushort Second;

    /// <summary>Where packets come from.</summary>
    public readonly FlowAddress Source => new(SourceHigh, SourceLow, IsV6);

    /// <summary>Where packets go.</summary>
    public readonly FlowAddress Destination => new(DestinationHigh, DestinationLow, IsV6);

    /// <summary>The IP protocol's number.</summary>
    public readonly byte Protocol => ProtocolNumber;

    /// <summary>Whether <see cref="SourcePort"/> and <see cref="DestinationPort"/> mean anything: TCP, UDP, UDP-Lite, SCTP, DCCP.</summary>
    public readonly bool HasPorts => FlowProtocols.HasPorts(ProtocolNumber);

    /// <summary>The source port, or 0.</summary>
    public readonly ushort SourcePort => HasPorts ? First : (ushort)0;

    /// <summary>The destination port, or 0.</summary>
    public readonly ushort DestinationPort => HasPorts ? Second : (ushort)0;

    /// <summary>The ICMP or ICMPv6 identifier, or 0.</summary>
    public readonly ushort IcmpId => FlowProtocols.IsIcmp(ProtocolNumber) ? First : (ushort)0;

    /// <summary>The ICMP or ICMPv6 type, or 0.</summary>
    public readonly byte IcmpType => FlowProtocols.IsIcmp(ProtocolNumber) ? (byte)(Second >> 8) : (byte)0;

    /// <summary>The ICMP or ICMPv6 code, or 0.</summary>
    public readonly byte IcmpCode => FlowProtocols.IsIcmp(ProtocolNumber) ? (byte)Second : (byte)0;

    /// <summary>The GRE key of the source, or 0.</summary>
    public readonly ushort SourceKey => FlowProtocols.IsGre(ProtocolNumber) ? First : (ushort)0;

    /// <summary>The GRE key of the destination, or 0.</summary>
    public readonly ushort DestinationKey => FlowProtocols.IsGre(ProtocolNumber) ? Second : (ushort)0;
}
