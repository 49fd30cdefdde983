using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Forecasting;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Cli.Host;

/// <summary>What was seen of this machine, and what is to be said of it.</summary>
/// <param name="Host">The machine.</param>
/// <param name="Breakdown">What fills the table.</param>
/// <param name="Reading">How full it is.</param>
/// <param name="Facts">What the rules looked at.</param>
/// <param name="Advice">What they found.</param>
/// <param name="Nat">Translated addresses with most ports in use.</param>
internal sealed record HostSight(
    HostFacts Host, Breakdown Breakdown, TableReading Reading, TableFacts Facts, AdviceReport Advice, List<NatStatus> Nat)
{
    /// <summary>The probability that a new connection finds room, in percent; null: not known.</summary>
    public int? HeadroomPercent => Headroom.Percent(Headroom.Now(
        Reading,
        Reading is { Limit: { } limit, Buckets: { } buckets }
            ? Headroom.WhenFull(limit, buckets, 1 - (Breakdown.AssuredPercent / 100)) : null));
}
