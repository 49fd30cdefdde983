using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Survey;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>What one look into the table said.</summary>
/// <param name="Breakdown">What fills the table, in full.</param>
/// <param name="Composition">The same for the status.</param>
/// <param name="Top">Who has the most entries, for the status.</param>
/// <param name="Traffic">Who does what; null: nobody asked.</param>
/// <param name="Nat">Which translated addresses have most of their ports in use, the worst first.</param>
public sealed record ScanResult(Breakdown Breakdown, CompositionStatus Composition, TopStatus Top, TrafficReading? Traffic, IReadOnlyList<NatPorts> Nat);
