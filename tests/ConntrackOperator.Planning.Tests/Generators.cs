using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Sizing;
using CsCheck;

namespace ConntrackOperator.Planning.Tests;

/// <summary>Random policies and nodes, drawn from few values so that they meet often.</summary>
internal static class Generators
{
    private static readonly DateTimeOffset _epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string[] _keys = ["role", "zone", "example.com/size"];
    private static readonly string[] _values = ["a", "b", "c", ""];

    internal static readonly Gen<Dictionary<string, string>> Labels =
        Gen.Select(Gen.OneOf(_keys), Gen.OneOf(_values)).Array[0, 3]
            .Select(pairs => pairs.GroupBy(pair => pair.Item1).ToDictionary(group => group.Key, group => group.First().Item2));

    internal static readonly Gen<LabelSelectorRequirement> Requirement =
        Gen.Select(Gen.OneOf(_keys), Gen.OneOf("In", "NotIn", "Exists", "DoesNotExist"), Gen.OneOf(_values).List[1, 3])
            .Select((key, name, values) => new LabelSelectorRequirement
            {
                Key = key,
                Operator = name,
                Values = name is "In" or "NotIn" ? values : null,
            });

    internal static readonly Gen<LabelSelector> Selector =
        Gen.Select(Labels, Requirement.List[0, 2]).Select((labels, expressions) => new LabelSelector
        {
            MatchLabels = labels.Count == 0 ? null : labels,
            MatchExpressions = expressions.Count == 0 ? null : expressions,
        });

    internal static readonly Gen<AutoSizeSpec> Auto =
        Gen.Select(
            Gen.Int[1, 50], Gen.Long[256, 16777216], Gen.Long[1024, 134217728], Gen.Long[1024, 134217728], Gen.Int[1, 3], Gen.Bool,
            Gen.Bool)
            .Select((percent, perCore, first, second, sources, hasMinimum, hasMaximum) => new AutoSizeSpec
            {
                MemoryPercent = (sources & 1) != 0 ? percent : null,
                EntriesPerCore = (sources & 2) != 0 ? perCore : null,
                MinEntries = hasMinimum ? Math.Min(first, second) : null,
                MaxEntries = hasMaximum ? Math.Max(first, second) : null,
            });

    internal static readonly Gen<NodeFacts> Node =
        Gen.Select(Labels, Gen.Int[0, 256], Gen.Frequency((1, Gen.Const(0L)), (9, Gen.Long[1L << 20, 1L << 44])))
            .Select((labels, cores, memory) => new NodeFacts("node", labels, cores, memory));

    private static readonly Gen<PolicySpec> _spec =
        Gen.Select(
            Gen.Select(
                Gen.Frequency((2, Gen.Const((LabelSelector?)null)), (1, Selector.Select(s => (LabelSelector?)s))), Maybe(Gen.Int[-1, 1]),
                Maybe(Gen.Enum<PolicyMode>())),
            Gen.Select(Gen.Int[0, 2], Gen.Long[1024, 1 << 22], Auto, Maybe(Gen.Long[1024, 1 << 22]), Maybe(Gen.Int[1, 90])),
            Gen.Select(Duration, Duration, Maybe(Gen.Bool), Maybe(Gen.Enum<TrackingEvents>())),
            Gen.Select(Gen.OneOf("nf_conntrack_x", "nf_flowtable_tcp_timeout"), Gen.Int[0, 3].Select(n => $"{n}")).Array[0, 2],
            Maybe(Gen.Int[1, 88]),
            Maybe(Gen.Enum<RemovalPolicy>()))
        .Select((who, table, fields, sysctls, warning, onDelete) => new PolicySpec
        {
            NodeSelector = who.Item1,
            Priority = who.Item2,
            Mode = who.Item3,
            Table = new TableSpec
            {
                Size = table.Item1 switch
                {
                    0 => null,
                    1 => new TableSizeSpec { Entries = table.Item2 },
                    _ => new TableSizeSpec { Auto = table.Item3 },
                },
                Buckets = table.Item4,
                MemoryLimitPercent = table.Item5,
            },
            Timeouts = new TimeoutsSpec { Generic = fields.Item1, Tcp = new TcpTimeoutsSpec { Established = fields.Item2 } },
            Tracking = new TrackingSpec { Accounting = fields.Item3, Events = fields.Item4 },
            Sysctls = sysctls.GroupBy(pair => pair.Item1).ToDictionary(group => group.Key, group => group.First().Item2),
            Pressure = warning is null ? null : new PressureSpec { WarningPercent = warning },
            OnDelete = onDelete,
        });

    /// <summary>Up to six policies of different names, some of the same age and priority.</summary>
    internal static readonly Gen<ConntrackPolicy[]> Policies =
        Gen.Select(_spec, Gen.Int[0, 2]).Array[0, 6].Select(specs => specs.Select((spec, index) => new ConntrackPolicy
        {
            Metadata = new ObjectMeta { Name = $"p{index}", CreationTimestamp = _epoch.AddDays(spec.Item2) },
            Spec = spec.Item1,
        }).ToArray());

    private static Gen<string?> Duration => Gen.OneOf<string?>(null, "30s", "60s", "1m", "2h", "120m");

    private static Gen<T?> Maybe<T>(Gen<T> gen)
        where T : struct => Gen.Frequency((1, Gen.Const((T?)null)), (1, gen.Select(value => (T?)value)));
}
