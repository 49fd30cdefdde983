using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Sizing;
using Xunit;

namespace ConntrackOperator.Planning.Tests.Sizing;

/// <summary>What the plan of a table says: why a number is what it is, and what to do where it can't be.</summary>
public class TablePlanTests
{
    [Theory]
    [InlineData(1024, null)]
    [InlineData(1025, "1025, rounded up to a multiple of 512 as the kernel does")]
    public void Buckets_say_where_they_were_rounded(long given, string? rule)
    {
        var setting = Assert.Single(Plan(new() { Buckets = given }).Settings!);
        Assert.Equal((rule, "table.buckets", "p"), (setting.Rule, setting.Field, setting.Policy));
        Assert.Equal(given == 1024 ? 1024 : 1536, setting.Value);
    }

    [Fact]
    public void Unknown_memory_and_unknown_cores_are_told_apart()
    {
        var byMemory = new TableSpec { Size = new() { Auto = new() { MemoryPercent = 5 } } };
        var byCores = new TableSpec { Size = new() { Auto = new() { EntriesPerCore = 1024 } } };
        const string Memory =
            "this node's memory is not known yet, so its share for the table can't be checked; planned as soon as the node reports its "
                + "capacity";
        const string Cores =
            "this node's number of cores is not known yet, and table.size.auto.entriesPerCore needs it; planned as soon as the node "
                + "reports its capacity";
        Assert.All(Plan(byMemory, memory: 0).Refused!, r => Assert.Equal(("FactsUnknown", Memory, "p"), (r.Reason, r.Message, r.Policy)));
        Assert.All(Plan(byMemory, memory: -1).Refused!, r => Assert.Equal(Memory, r.Message));
        Assert.All(Plan(byCores, memory: 0).Refused!, r => Assert.Equal(Memory, r.Message));
        Assert.All(Plan(byCores, cores: 0).Refused!, r => Assert.Equal(("FactsUnknown", Cores), (r.Reason, r.Message)));
        Assert.All(Plan(byCores, cores: -1).Refused!, r => Assert.Equal(Cores, r.Message));

        // Nobody asks for what a policy does not need.
        Assert.Null(Plan(byMemory, cores: 0).Refused);
        Assert.Equal(4096, Plan(byCores).Settings!.Single(s => s.Name == "nf_conntrack_max").Value);
        Assert.Equal("memoryPercent 5 of 16Gi gives 2190848", Plan(byMemory).Settings!.Single(s => s.Name == "nf_conntrack_max").Rule);
    }

    [Theory]

    // Room for fewer entries than the policy wants.
    [InlineData(
        1048576L, null, 1L << 30, "1048576 entries and 1048576 buckets",
        "lower table.size to 273408 entries or fewer, or raise table.memoryLimitPercent")]
    [InlineData(
        1048576L, 1024L, 1L << 30, "1048576 entries and 1024 buckets",
        "lower table.size to 279598 entries or fewer, or raise table.memoryLimitPercent")]

    // Room for hardly any entry.
    [InlineData(1024L, null, 1L << 20, "1024 entries and 1024 buckets", "raise table.memoryLimitPercent")]
    [InlineData(1024L, 1048576L, 1L << 24, "1024 entries and 1048576 buckets", "lower table.buckets, or raise table.memoryLimitPercent")]

    // No size is asked for.
    [InlineData(null, 134217728L, 1L << 30, "134217728 buckets", "lower table.buckets, or raise table.memoryLimitPercent")]
    public void A_table_that_is_too_large_says_what_to_change(long? entries, long? buckets, long memory, string what, string change)
    {
        var table = new TableSpec { Size = entries is null ? null : new() { Entries = entries }, Buckets = buckets };
        var refused = Plan(table, memory).Refused!;
        Assert.Equal((entries is null ? 0 : 1) + 1, refused.Count);
        Assert.All(refused, r =>
        {
            Assert.Equal("OverMemoryLimit", r.Reason);
            Assert.StartsWith($"a full table of {what} would take ", r.Message, StringComparison.Ordinal);
            Assert.Contains("; table.memoryLimitPercent 10 (the default) allows ", r.Message, StringComparison.Ordinal);
            Assert.EndsWith(": " + change, r.Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void The_policy_that_limits_the_memory_is_named_and_a_size_of_just_the_least_table_is_proposed()
    {
        // 1,024 entries with their buckets take 401,408 bytes: 1 % of 40,140,800.
        var plan = Plan(new() { Size = new() { Entries = 2048 }, MemoryLimitPercent = 1 }, memory: 40_140_800);
        Assert.Contains(
            "table.memoryLimitPercent 1 (policy p) allows 392Ki: lower table.size to 1024 entries or fewer", plan.Refused![0].Message,
            StringComparison.Ordinal);
        Assert.Equal(1, plan.MemoryLimitPercent);
    }

    [Fact]
    public void Auto_says_each_bound_that_it_met_and_no_other()
    {
        Assert.Equal(
            "entriesPerCore 256 x 1 gives 256; raised to the smallest table allowed, 1024", Rule(new() { EntriesPerCore = 256 }, cores: 1));
        Assert.Equal(
            "entriesPerCore 256 x 1 gives 256; raised to minEntries 2048",
            Rule(new() { EntriesPerCore = 256, MinEntries = 2048 }, cores: 1));
        Assert.Equal(
            "entriesPerCore 16777216 x 64 gives 1073741824; lowered to the greatest table allowed, 134217728",
            Rule(new() { EntriesPerCore = 16777216 }, cores: 64));
        Assert.Equal(
            "entriesPerCore 1024 x 4 gives 4096", Rule(new() { EntriesPerCore = 1024, MinEntries = 4096, MaxEntries = 4096 }, cores: 4));

        static string Rule(AutoSizeSpec auto, int cores) => TableSizing.Auto(auto, cores, 0, 384).Rule!;
    }

    [Fact]
    public void A_conflict_of_sizes_shows_both_as_they_are_written()
    {
        var all = new AutoSizeSpec { MemoryPercent = 2, EntriesPerCore = 1024, MinEntries = 2048, MaxEntries = 4096 };
        var conflict = Assert.Single(
            NodePlanner.Plan(Examples.Node, [Examples.Policy("a", Examples.Size(8192)), Sized("b", all)]).Conflicts);
        Assert.Equal("table.size", conflict.Field);
        Assert.Equal(
            ("8192", "auto {memoryPercent: 2, entriesPerCore: 1024, minEntries: 2048, maxEntries: 4096}"),
            (conflict.WinnerValue, conflict.LoserValue));

        // Other words for the same size are no conflict; on a node of which nothing is known only the same words are the same.
        var perCore = new AutoSizeSpec { EntriesPerCore = 2048 };
        Assert.Empty(NodePlanner.Plan(Examples.Node, [Examples.Policy("a", Examples.Size(8192)), Sized("b", perCore)]).Conflicts);
        var unknown = Examples.Node with { Cores = 0 };
        Assert.Empty(NodePlanner.Plan(unknown, [Sized("a", perCore), Sized("b", perCore with { })]).Conflicts);
        Assert.Equal(
            "auto {entriesPerCore: 4096}",
            Assert.Single(
                NodePlanner.Plan(unknown, [Sized("a", perCore), Sized("b", perCore with { EntriesPerCore = 4096 })]).Conflicts).LoserValue);

        static ConntrackPolicy Sized(string name, AutoSizeSpec auto) =>
            Examples.Policy(name, new() { Table = new() { Size = new() { Auto = auto } } }, day: name == "a" ? 1 : 2);
    }

    [Theory]
    [InlineData("2Ki", 2048L)]
    [InlineData("3Mi", 3145728L)]
    [InlineData("1Ti", 1099511627776L)]
    [InlineData("1Pi", 1125899906842624L)]
    public void Capacities_of_each_binary_suffix_are_read(string text, long bytes) =>
        Assert.Equal(bytes, NodeCapacity.Facts("n", null, new Dictionary<string, string> { ["memory"] = text }).MemoryBytes);

    private static NodeSpec Plan(TableSpec table, long memory = 16L << 30, int cores = 4) =>
        NodePlanner.Plan(Examples.Node with { MemoryBytes = memory, Cores = cores }, [Examples.Policy("p", new() { Table = table })]).Spec;
}
