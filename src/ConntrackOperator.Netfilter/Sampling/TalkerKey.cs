using System.Runtime.InteropServices;
using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>An address, and what else matters of it packed into one word: version of IP, port, protocol.</summary>
[StructLayout(LayoutKind.Sequential, Pack = sizeof(uint))]
internal readonly struct TalkerKey : IEquatable<TalkerKey>
{
    private const uint V6 = 1u << 31;

    internal readonly ulong High;
    internal readonly ulong Low;
    internal readonly uint Rest;

    private TalkerKey(ulong high, ulong low, uint rest)
    {
        High = high;
        Low = low;
        Rest = rest;
    }

    internal FlowAddress Address => new(High, Low, (Rest & V6) != 0);

    internal ushort Port => (ushort)(Rest >> 8);

    internal byte Protocol => (byte)Rest;

    public bool Equals(TalkerKey other) => ((High ^ other.High) | (Low ^ other.Low) | (Rest ^ other.Rest)) == 0;

    public override bool Equals(object? obj) => obj is TalkerKey other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(High, Low, Rest);

    internal static TalkerKey Source(in FlowTuple tuple) => new(tuple.SourceHigh, tuple.SourceLow, Version(tuple));

    internal static TalkerKey Destination(in FlowTuple tuple, ushort port) =>
        new(tuple.DestinationHigh, tuple.DestinationLow, Version(tuple) | PortBits(tuple, port));

    internal static TalkerKey DestinationPort(in FlowTuple tuple, ushort port) => new(0, 0, PortBits(tuple, port));

    private static uint Version(in FlowTuple tuple) => tuple.IsV6 ? V6 : 0;

    private static uint PortBits(in FlowTuple tuple, ushort port) => ((uint)port << 8) | tuple.Protocol;
}
