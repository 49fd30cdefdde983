using ConntrackOperator.Api.Meta;
using Xunit;

namespace ConntrackOperator.Api.Tests.Meta;

public class ConditionResultTests
{
    private static readonly DateTimeOffset _first = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_transition_time_moves_with_the_status_only()
    {
        var condition = new ConditionResult(true, "InSync", "a").ToCondition("Applied", null, 1, _first);
        var reworded = new ConditionResult(true, "Observed", "b").ToCondition("Applied", [condition], 2, _first.AddHours(1));
        var failed = new ConditionResult(false, "Failed", "c").ToCondition("Applied", [reworded], 2, _first.AddHours(2));
        var unknown = new ConditionResult(null, "NoPlan", "d").ToCondition("Applied", [failed], 2, _first.AddHours(3));

        Assert.Equal(
            [_first, _first, _first.AddHours(2), _first.AddHours(3)],
            new[] { condition, reworded, failed, unknown }.Select(c => c.LastTransitionTime!.Value));
        Assert.Equal(["True", "True", "False", "Unknown"], new[] { condition, reworded, failed, unknown }.Select(c => c.Status));
        Assert.Equal(("Applied", "Observed", "b", 2), (reworded.Type, reworded.Reason, reworded.Message, reworded.ObservedGeneration));
    }

    [Fact]
    public void Only_the_condition_of_the_same_type_lends_its_time()
    {
        var other = new ConditionResult(true, "InSync", "a").ToCondition("Applied", null, 1, _first);

        Assert.Equal(
            _first.AddHours(1),
            new ConditionResult(true, "InSync", "a").ToCondition("Ready", [other], 1, _first.AddHours(1)).LastTransitionTime);
    }

    [Fact]
    public void A_condition_without_a_time_gets_one() => Assert.Equal(
        _first,
        new ConditionResult(true, "InSync", "a")
            .ToCondition("Ready", [new Condition { Type = "Ready", Status = "True" }], 1, _first).LastTransitionTime);
}
