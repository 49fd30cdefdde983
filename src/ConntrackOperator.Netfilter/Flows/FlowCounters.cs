namespace ConntrackOperator.Netfilter.Flows;

/// <summary>What went in one direction of an entry.</summary>
/// <param name="Packets">Packets.</param>
/// <param name="Bytes">Bytes, with IP headers.</param>
public readonly record struct FlowCounters(ulong Packets, ulong Bytes);
