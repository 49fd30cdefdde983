namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>What one destination port makes of the table.</summary>
/// <param name="Port">The original destination port.</param>
/// <param name="Protocol">The protocol's name.</param>
/// <param name="Count">Entries seen, at least.</param>
/// <param name="Percent">Percent of all entries.</param>
/// <param name="ErrorBoundPercent">How far off that can be, in points.</param>
public sealed record PortShare(ushort Port, string Protocol, long Count, double Percent, double ErrorBoundPercent);
