using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Survey;

/// <summary>What the entries of a group have in common, in five words.</summary>
internal readonly record struct GroupKey(ulong SourceHigh, ulong SourceLow, ulong DestinationHigh, ulong DestinationLow, uint Rest)
{
    private const uint V6 = 1u << 31;

    internal byte Protocol => (byte)Rest;

    internal ushort Port => (ushort)(Rest >> 8);

    internal TrafficClass Class => (TrafficClass)((Rest >> 24) & 0x1f);

    private bool IsV6 => (Rest & V6) != 0;

    internal FlowAddress Source => new(SourceHigh, SourceLow, IsV6);

    internal FlowAddress Destination => new(DestinationHigh, DestinationLow, IsV6);

    internal static GroupKey OfSource(in FlowTuple t, TrafficClass c) =>
        new(t.SourceHigh, t.SourceLow, 0, 0, Word(t, c, port: false, protocol: false));

    internal static GroupKey OfNetwork(in FlowTuple t, TrafficClass c) => t.IsV6
        ? new(t.SourceHigh & 0xFFFFFFFF_00000000, 0, 0, 0, Word(t, c, port: false, protocol: false))
        : new(0, t.SourceLow & 0xFFFF0000, 0, 0, Word(t, c, port: false, protocol: false));

    internal static GroupKey OfDestination(in FlowTuple t, TrafficClass c) => new(0, 0, t.DestinationHigh, t.DestinationLow, Word(t, c));

    internal static GroupKey OfPair(in FlowTuple t, TrafficClass c) =>
        new(t.SourceHigh, t.SourceLow, t.DestinationHigh, t.DestinationLow, Word(t, c));

    internal static GroupKey OfPort(in FlowTuple t, TrafficClass c) => new(0, 0, 0, 0, Word(t, c) & ~V6);

    /// <param name="reply">The reply direction: its destination is the translated source, its source the true destination.</param>
    internal static GroupKey OfTranslation(in FlowTuple reply) => new(
        reply.DestinationHigh, reply.DestinationLow, reply.SourceHigh, reply.SourceLow,
        ((uint)TrafficClass.Other << 24) | ((uint)reply.SourcePort << 8) | reply.ProtocolNumber | (reply.IsV6 ? V6 : 0));

    private static uint Word(in FlowTuple t, TrafficClass c, bool port = true, bool protocol = true) =>
        ((uint)c << 24) | (port ? (uint)t.DestinationPort << 8 : 0) | (protocol ? t.ProtocolNumber : 0u) | (t.IsV6 ? V6 : 0);
}
