using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Survey;
using ConntrackOperator.Planning.Advice.Facts;

namespace ConntrackOperator.Engine.Scanning;

/// <summary>What was seen of one machine, for the advice.</summary>
public sealed record AdviceInput
{
    /// <summary>How commands are written.</summary>
    public required AdviceTarget Target { get; init; }

    /// <summary>What fills the table.</summary>
    public required Breakdown Breakdown { get; init; }

    /// <summary>Who does what; null: not looked at.</summary>
    public required TrafficReading? Traffic { get; init; }

    /// <summary>
    /// How far off shares of <see cref="Traffic"/> can be, in percentage points; null: as those of <see cref="Breakdown"/>.
    /// </summary>
    public double? TrafficErrorPercent { get; init; }

    /// <summary>
    /// Who does what by a full count, where <see cref="Traffic"/> is of a later sample that agrees with it; null: there is none.
    /// </summary>
    public TrafficReading? Counted { get; init; }

    /// <summary>How full it is and what goes wrong.</summary>
    public required TableReading Reading { get; init; }

    /// <summary>The machine.</summary>
    public required HostFacts Host { get; init; }

    /// <summary>The policy's table.memoryLimitPercent, or the default where none says so.</summary>
    public required int MemoryLimitPercent { get; init; }

    /// <summary>Usage in percent from which pressure is Warning.</summary>
    public required int WarningPercent { get; init; }

    /// <summary>Usage in percent from which pressure is Critical.</summary>
    public required int CriticalPercent { get; init; }

    /// <summary>By how many entries a second the table grows; null: not known.</summary>
    public double? GrowthPerSecond { get; init; }

    /// <summary>What the rules say.</summary>
    public RuleFacts Rules { get; init; } = RuleFacts.NotKnown;

    /// <summary>The machine's own addresses and tunnels; null: not looked at.</summary>
    public LocalLinks? Links { get; init; }

    /// <summary>Which translated addresses have most of their ports in use.</summary>
    public IReadOnlyList<NatPorts> Nat { get; init; } = [];

    /// <summary>Tables of other network namespaces.</summary>
    public IReadOnlyList<NamespaceFacts> Namespaces { get; init; } = [];

    /// <summary>Whether those of other processes could be found at all.</summary>
    public bool NamespacesLooked { get; init; } = true;
}
