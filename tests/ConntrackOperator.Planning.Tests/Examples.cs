using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Planning.Tests;

/// <summary>Policies and nodes written down.</summary>
internal static class Examples
{
    internal static readonly NodeFacts Node = new("node-1", new Dictionary<string, string>(), 4, 16L << 30);

    internal static ConntrackPolicy Policy(string name, PolicySpec spec, int day = 1) => new()
    {
        Metadata = new ObjectMeta { Name = name, CreationTimestamp = new DateTimeOffset(2026, 1, day, 0, 0, 0, TimeSpan.Zero) },
        Spec = spec,
    };

    internal static PolicySpec Size(long entries, int? priority = null) =>
        new() { Priority = priority, Table = new TableSpec { Size = new TableSizeSpec { Entries = entries } } };
}
