using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>An address, to be counted.</summary>
internal readonly record struct AddressKey(FlowAddress Address) : IHashedKey<AddressKey>
{
    public ulong Hash(ulong seed) => HashMix.Of(seed, Address.High, Address.Low);
}

/// <summary>An address, a port and a protocol, to be counted; the state is 0 where it does not matter.</summary>
internal readonly record struct EndpointKey(FlowAddress Address, ushort Port, byte Protocol, byte State) : IHashedKey<EndpointKey>
{
    public ulong Hash(ulong seed) => HashMix.Of(
        seed + (((ulong)Port << 16) | ((ulong)Protocol << 8) | State), Address.High, Address.Low);
}

/// <summary>A port and a protocol, to be counted.</summary>
internal readonly record struct PortKey(ushort Port, byte Protocol) : IHashedKey<PortKey>
{
    public ulong Hash(ulong seed) => HashMix.Of(seed, Port, Protocol);
}
