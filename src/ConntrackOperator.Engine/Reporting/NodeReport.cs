using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Forecasting;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Engine.Translation;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Planning.Advice.Findings;

namespace ConntrackOperator.Engine.Reporting;

/// <summary>All that is known of the machine at one time, and how it reads as a node's status. Pure.</summary>
internal readonly record struct NodeReport
{
    /// <summary>The generation of the plan in force; null: it has none.</summary>
    public required long? Generation { get; init; }

    /// <summary>Whether a plan is in force at all.</summary>
    public required bool PlanKnown { get; init; }

    /// <summary>Whether the kernel's module was there at the last pass; of no meaning without a plan.</summary>
    public required bool ModuleLoaded { get; init; }

    /// <summary>How each setting stands.</summary>
    public required List<SettingStatus> Settings { get; init; }

    /// <summary>How full the table is.</summary>
    public required TableReading Reading { get; init; }

    /// <summary>How near it is to being full.</summary>
    public required Outlook Outlook { get; init; }

    /// <summary>How much that is.</summary>
    public required PressureLevel Pressure { get; init; }

    /// <summary>What fills it; null: not looked at yet.</summary>
    public required ScanResult? Seen { get; init; }

    /// <summary>What the advice found.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>What it could not look at.</summary>
    public required IReadOnlyList<NotKnown> NotLooked { get; init; }

    /// <summary>What became of the flushes.</summary>
    public required IReadOnlyList<NodeFlushStatus> Flushes { get; init; }

    /// <summary>The machine.</summary>
    public required HostFacts Facts { get; init; }

    /// <summary>The version of the agent.</summary>
    public required string Version { get; init; }

    /// <summary>The status.</summary>
    /// <param name="before">The conditions reported before, for the times of transitions.</param>
    /// <param name="now">The time.</param>
    public NodeStatus ToStatus(IReadOnlyList<Condition>? before, DateTimeOffset now)
    {
        var applied = AppliedRules.Applied(Settings, ModuleLoaded || !PlanKnown, PlanKnown);
        return new NodeStatus
        {
            ObservedGeneration = Generation,
            Conditions =
            [
                applied.ToCondition(ConditionTypes.Ready, before, Generation, now),
                applied.ToCondition(ConditionTypes.Applied, before, Generation, now),
                AppliedRules.Drifted(Settings).ToCondition(ConditionTypes.Drifted, before, Generation, now),
                PressureVerdict.From(Pressure, Reading).ToCondition(ConditionTypes.Pressure, before, Generation, now),
            ],
            Table = TableReport.Table(Reading, Outlook),
            Rates = TableReport.Rates(Reading.Rates),
            Settings = Settings,
            Composition = Seen?.Composition,
            Top = Seen?.Top,
            Nat = NatReport.Of(Seen?.Nat),
            Advice = AdviceText.Summary(Findings),
            AdviceReason = Findings is [var first, ..] ? first.Cause.ToString() : null,
            AdviceSeverity = Findings is [var worst, ..] ? worst.Severity.ToString() : null,
            Findings = FindingReport.Of(Findings),
            NotLooked = FindingReport.Of(NotLooked),
            Flushes = Flushes.Count == 0 ? null : [.. Flushes],
            Node = new NodeFactsStatus
            {
                Kernel = Facts.Kernel,
                BootId = Facts.BootId,
                NetworkNamespace = Facts.NetworkNamespace,
                NetworkNamespaceCookie = Facts.NetworkNamespaceCookie.Length == 0 ? null : Facts.NetworkNamespaceCookie,
                Cores = Facts.Cores,
                MemoryBytes = Facts.MemoryBytes,
                AgentVersion = Version,
            },
            ReportedAt = now,
        };
    }
}
