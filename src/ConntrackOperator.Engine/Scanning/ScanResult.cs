using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Survey;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>What the looks into the table say.</summary>
/// <param name="Took">How long the last look took.</param>
/// <param name="IsCount">Whether the last look was at every entry beside the loop.</param>
/// <param name="Breakdown">
/// What fills the table, in full: the last full count while later samples agree with it, else the last sample.
/// </param>
/// <param name="Composition">The same for the status.</param>
/// <param name="Top">Who has the most entries, for the status.</param>
/// <param name="Traffic">Who does what, by the last look; null: nobody asked.</param>
/// <param name="TrafficErrorPercent">How far off its shares can be, in percentage points; 0 when that look was at every entry.</param>
/// <param name="Counted">
/// The same by the last full count, where <paramref name="Traffic"/> is a later sample's that agrees with it; else null.
/// </param>
/// <param name="Nat">Which translated addresses have most of their ports in use, the worst first.</param>
public sealed record ScanResult(
    TimeSpan Took,
    bool IsCount,
    Breakdown Breakdown,
    CompositionStatus Composition,
    TopStatus Top,
    TrafficReading? Traffic,
    double TrafficErrorPercent,
    TrafficReading? Counted,
    IReadOnlyList<NatPorts> Nat);
