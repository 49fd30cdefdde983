using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>What one source makes of the table.</summary>
/// <param name="Address">The original source.</param>
/// <param name="Count">Entries seen, at least.</param>
/// <param name="Percent">Percent of all entries.</param>
/// <param name="ErrorBoundPercent">How far off that can be, in points.</param>
public sealed record SourceShare(FlowAddress Address, long Count, double Percent, double ErrorBoundPercent);
