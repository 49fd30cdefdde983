using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Nodes;

namespace ConntrackOperator.Controller.Tests.Nodes;

public sealed class NodeEventsTests
{
    [Theory]
    [InlineData("Normal", 70, "Warning", 76, "TableNearFull")]
    [InlineData("Warning", 76, "Critical", 91, "TableNearFull")]
    [InlineData("Critical", 91, "Critical", 100, "TableFull")]
    [InlineData("Normal", 10, "Critical", 100, "TableFull")]
    [InlineData("Critical", 100, "Critical", 100, "")]
    [InlineData("Critical", 100, "Critical", 95, "")]
    [InlineData("Critical", 91, "Warning", 80, "")]
    [InlineData("Warning", 76, "Warning", 80, "")]
    [InlineData("Warning", 76, "Normal", 60, "")]
    public void Table_that_fills_is_told_and_one_that_empties_is_not(
        string before, int percentBefore, string after, int percent, string expected) =>
        Assert.Equal(expected, Reasons(Status(before, percentBefore), Status(after, percent)));

    [Fact]
    public void First_report_tells_what_is_wrong_and_nothing_of_the_past()
    {
        var first = Status("Warning", 80) with { Settings = [Setting(SettingState.Failed, rewrites: 3)] };
        Assert.Equal("TableNearFull SettingFailed", Reasons(null, first));
    }

    [Theory]
    [InlineData(0, 5, "PacketsDropped")]
    [InlineData(5, 9, "")]
    [InlineData(5, 0, "")]
    public void Drops_are_told_when_they_begin(long before, long after, string expected) =>
        Assert.Equal(expected, Reasons(Status("Critical", 50, drops: before), Status("Critical", 50, drops: after)));

    [Fact]
    public void Drops_that_are_not_known_yet_are_none() => Assert.Equal("", Reasons(null, Status("Normal", 1) with { Rates = null }));

    [Theory]
    [InlineData(0, 9, "")]
    [InlineData(9, 10, "RacesLost")]
    [InlineData(10, 500, "")]
    [InlineData(10, 0, "")]
    public void Races_are_told_when_they_begin_to_count_and_are_no_drops(long before, long after, string expected) =>
        Assert.Equal(expected, Reasons(Races(before), Races(after)));

    [Fact]
    public void Event_about_races_says_what_helps()
    {
        var news = Assert.Single(NodeEvents.News(Races(0), Races(40)));
        Assert.StartsWith("40 packets a minute are lost in races at insertion: ", news.Note, StringComparison.Ordinal);
        foreach (var remedy in (string[])["node-local cache", "random-fully", "single-request-reopen"])
        {
            Assert.Contains(remedy, news.Note, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Table_without_a_limit_has_neither_of_nor_percent()
    {
        var after = Status("Critical", 1, drops: 5) with { Table = new TableStatus { Entries = 31337, NoLimit = true } };
        Assert.Equal(
            "5 packets a minute are dropped for want of a conntrack entry; 31337 conntrack entries in use, no limit",
            NodeEvents.News(after with { Rates = null }, after).Single().Note);
    }

    [Fact]
    public void Resize_is_told_with_both_sizes()
    {
        var news = Assert.Single(NodeEvents.News(Status("Normal", 1, buckets: 65536), Status("Normal", 1, buckets: 262144)));
        Assert.Equal((false, "Resized"), (news.Warning, news.Reason));
        Assert.Contains("from 65536 to 262144", news.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void Rewrite_is_told_by_setting()
    {
        var before = Status("Normal", 1) with { Settings = [Setting(SettingState.InSync, rewrites: 1)] };
        var after = Status("Normal", 1) with { Settings = [Setting(SettingState.InSync, rewrites: 2)] };
        var news = Assert.Single(NodeEvents.News(before, after));
        Assert.Equal(("DriftCorrected", "DriftCorrectedx"), (news.Reason, news.Key));
        Assert.Contains("x; it was put back to 5", news.Note, StringComparison.Ordinal);
        Assert.Empty(NodeEvents.News(after, after));
        // The agent started again and counts anew.
        Assert.Empty(NodeEvents.News(after, before));
    }

    [Theory]
    [InlineData(SettingState.Contested, "SettingContested")]
    [InlineData(SettingState.Failed, "SettingFailed")]
    [InlineData(SettingState.ReadOnly, "SettingFailed")]
    [InlineData(SettingState.Held, "")]
    [InlineData(SettingState.NotSupported, "")]
    public void Setting_that_goes_wrong_is_told_once(SettingState state, string expected)
    {
        var before = Status("Normal", 1) with { Settings = [Setting(SettingState.InSync)] };
        var after = Status("Normal", 1) with { Settings = [Setting(state)] };
        Assert.Equal(expected, Reasons(before, after));
        Assert.Equal("", Reasons(after, after));
    }

    private static string Reasons(NodeStatus? before, NodeStatus after) =>
        string.Join(' ', NodeEvents.News(before, after).Select(n => n.Reason));

    private static SettingStatus Setting(SettingState state, long? rewrites = null) =>
        new() { Name = "x", Desired = 5, State = state, Rewrites = rewrites, Message = "why" };

    private static NodeStatus Races(long lost) =>
        Status("Normal", 1) with { Rates = new RatesStatus { TableFullDropsPerMinute = 0, RacesLostPerMinute = lost } };

    private static NodeStatus Status(string pressure, int percent, long drops = 0, long buckets = 65536) => new()
    {
        Conditions = [new Condition { Type = "Pressure", Reason = pressure }],
        Table = new TableStatus { Entries = percent, Limit = 100, Percent = percent, Buckets = buckets },
        Rates = new RatesStatus { TableFullDropsPerMinute = drops },
    };
}
