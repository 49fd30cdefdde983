using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Reporting;

namespace ConntrackOperator.Engine.Tests.Reporting;

public sealed class AppliedRulesTests
{
    [Theory]
    [InlineData(
        "Failed", SettingState.InSync, SettingState.Pending, SettingState.Held, SettingState.Contested, SettingState.ReadOnly,
        SettingState.Failed)]
    [InlineData("ReadOnly", SettingState.Pending, SettingState.Held, SettingState.Contested, SettingState.ReadOnly)]
    [InlineData("Contested", SettingState.Pending, SettingState.Held, SettingState.Contested)]
    [InlineData("Held", SettingState.Pending, SettingState.Held)]
    [InlineData("Pending", SettingState.Pending, SettingState.InSync, SettingState.Observed)]
    public void The_worst_state_gives_the_reason(string reason, params SettingState[] states)
    {
        var verdict = AppliedRules.Applied(Settings(states), moduleLoaded: true, planKnown: true);
        Assert.Equal((false, reason), (verdict.Status, verdict.Reason));
    }

    [Fact]
    public void The_message_names_the_first_setting_and_how_many_more() => Assert.Equal(
        "key0: why (and 2 more)",
        AppliedRules.Applied(
            Settings(SettingState.Failed, SettingState.Failed, SettingState.Failed, SettingState.Held), true, true).Message);

    [Fact]
    public void A_setting_that_is_put_back_says_Restoring()
    {
        var verdict = AppliedRules.Applied([new SettingStatus { Name = "key", State = SettingState.Pending }], true, true);
        Assert.Equal((false, "Restoring"), (verdict.Status, verdict.Reason));
    }

    [Fact]
    public void Observed_counts_what_differs() => Assert.Equal(
        "2 of 4 settings differ from the plan; nothing is written, since the policy only observes",
        AppliedRules.Applied(
            [.. Settings(SettingState.Observed, SettingState.Observed, SettingState.NotSupported),
            new SettingStatus { Name = "same", Desired = 1, State = SettingState.Observed }], true, true).Message);

    [Fact]
    public void Only_missing_keys_are_in_sync_with_nothing_held() => Assert.Equal(
        "the kernel holds 0 of 1 settings; this kernel has no key0",
        AppliedRules.Applied(Settings(SettingState.NotSupported), true, true).Message);

    [Fact]
    public void A_module_that_is_missing_says_what_to_do()
    {
        var verdict = AppliedRules.Applied(Settings(SettingState.Pending), moduleLoaded: false, planKnown: true);
        Assert.Equal((false, "ModuleNotLoaded"), (verdict.Status, verdict.Reason));
        Assert.Contains("modprobe nf_conntrack", verdict.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_put_back_is_named_and_counted_and_the_first_that_is_contested_is_told()
    {
        SettingStatus[] settings =
        [
            new() { Name = "a", State = SettingState.InSync, Rewrites = 2 }, new() { Name = "b", State = SettingState.InSync },
            new() { Name = "c", State = SettingState.InSync, Rewrites = 0 },
            new() { Name = "d", State = SettingState.InSync, Rewrites = 3 },
        ];
        var corrected = AppliedRules.Drifted(settings);
        Assert.Equal((false, "put back 5 times since the agent started: a, d"), (corrected.Status, corrected.Message));
        var contested = AppliedRules.Drifted(
            [.. settings, .. Settings(SettingState.Contested), new() { Name = "last", State = SettingState.Contested, Message = "too" }]);
        Assert.Equal((true, "key0: why"), (contested.Status, contested.Message));
    }

    [Fact]
    public void A_setting_without_a_message_is_not_set_yet() => Assert.Equal(
        "key: not set yet",
        AppliedRules.Applied([new SettingStatus { Name = "key", Desired = 1, State = SettingState.Pending }], true, true).Message);

    private static SettingStatus[] Settings(params SettingState[] states) =>
        [.. states.Select((state, i) => new SettingStatus { Name = $"key{i}", Desired = 1, State = state, Message = "why" })];
}
