using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Netfilter.Translation;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>What one look into the table saw: a sample of it, or every entry.</summary>
/// <param name="Breakdown">What fills the table.</param>
/// <param name="Traffic">Who does what; null: nobody asked.</param>
/// <param name="Ports">Ports of translated addresses that are in use.</param>
internal sealed record TableLook(Breakdown Breakdown, TrafficReading? Traffic, IReadOnlyList<PortUse> Ports);
