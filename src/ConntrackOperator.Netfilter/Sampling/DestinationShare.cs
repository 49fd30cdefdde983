using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>What one destination makes of the table.</summary>
/// <param name="Address">The original destination, before address translation.</param>
/// <param name="Port">Its port, or 0 where the protocol has none.</param>
/// <param name="Protocol">The protocol's name, or number.</param>
/// <param name="State">The state, where only entries of one state were counted; else empty.</param>
/// <param name="Count">Entries seen, at least.</param>
/// <param name="Percent">Percent of all entries.</param>
/// <param name="ErrorBoundPercent">How far off that can be, in points.</param>
public sealed record DestinationShare(
    FlowAddress Address, ushort Port, string Protocol, string State, long Count, double Percent, double ErrorBoundPercent);
