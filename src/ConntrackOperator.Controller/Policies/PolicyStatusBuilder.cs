using System.Globalization;
using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Planning.Validation;

namespace ConntrackOperator.Controller.Policies;

/// <summary>From the sums to the status. Pure.</summary>
internal static class PolicyStatusBuilder
{
    /// <summary>The status.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="stored">Its status as stored, for the times of transitions.</param>
    /// <param name="tally">The sums.</param>
    /// <param name="errors">What is wrong with the policy.</param>
    /// <param name="now">The time.</param>
    public static PolicyStatus Build(ConntrackPolicy policy, PolicyStatus? stored, PolicyAggregateSnapshot tally, IReadOnlyList<FieldError> errors, DateTimeOffset now)
    {
        var generation = policy.Metadata?.Generation;
        var hottest = tally.Hottest.Count > 0 ? tally.Hottest[0] : null;
        return new PolicyStatus
        {
            ObservedGeneration = tally.Pending == 0 || errors.Count > 0 ? generation : stored?.ObservedGeneration,
            Conditions = PolicyEvaluator.Compute(
                policy.Metadata?.Name ?? string.Empty, tally, errors, policy.Metadata?.DeletionTimestamp is not null, stored?.Conditions, generation, now),
            Nodes = tally.Nodes,
            Usage = new PolicyUsage
            {
                Entries = tally.Entries,
                Limit = tally.Limit == 0 && tally.NodesWithoutLimit > 0 ? null : tally.Limit,
                NodesWithoutLimit = tally.NodesWithoutLimit == 0 ? null : tally.NodesWithoutLimit,
                PeakPercent = hottest?.Percent ?? 0,
                PeakNode = hottest?.Name,
                TableFullDropsPerMinute = tally.TableFullDropsPerMinute,
                RacesLostPerMinute = tally.RacesLostPerMinute,
            },
            Hottest = hottest is null ? null : string.Create(CultureInfo.InvariantCulture, $"{hottest.Name} {hottest.Percent}%"),
            HottestNodes = tally.Hottest.Count == 0 ? null : [.. tally.Hottest],
            Failures = tally.Failures.Count == 0 ? null : [.. tally.Failures],
            Advice = tally.Advice,
        };
    }

    /// <summary>The same status, stalled by what is not the policy's own doing.</summary>
    public static PolicyStatus Stalled(PolicyStatus status, PolicyStatus? stored, string reason, string message, DateTimeOffset now) => status with
    {
        Conditions =
        [
            .. (status.Conditions ?? []).Select(c => c.Type != "Stalled" ? c
                : new ConditionResult(true, reason, BoundedText.Of(message, 1024)).ToCondition("Stalled", stored?.Conditions, c.ObservedGeneration, now)),
        ],
    };

    /// <summary>How much a new status says that the stored one does not.</summary>
    public static StatusChange Compare(PolicyStatus? stored, PolicyStatus next)
    {
        if (Same(stored, next))
        {
            return StatusChange.None;
        }

        return Same(WithoutUsage(stored), WithoutUsage(next)) ? StatusChange.UsageOnly : StatusChange.State;
    }

    private static PolicyStatus? WithoutUsage(PolicyStatus? status) => status is null ? null : status with
    {
        Usage = null,
        Hottest = null,
        HottestNodes = null,
        Advice = null,
        Conditions = [.. (status.Conditions ?? []).Select(c => c.Type == "Pressure" ? c with { Message = null } : c)],
    };

    private static bool Same(PolicyStatus? a, PolicyStatus? b) =>
        a is not null && b is not null
        && JsonSerializer.SerializeToUtf8Bytes(a, ApiJson.Default.PolicyStatus).AsSpan()
            .SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(b, ApiJson.Default.PolicyStatus));
}
