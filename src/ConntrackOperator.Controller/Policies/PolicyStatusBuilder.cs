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
    /// <param name="aggregate">The sums.</param>
    /// <param name="errors">What is wrong with the policy.</param>
    /// <param name="now">The time.</param>
    public static PolicyStatus Build(
        ConntrackPolicy policy,
        PolicyStatus? stored,
        PolicyAggregateSnapshot aggregate,
        IReadOnlyList<FieldError> errors,
        DateTimeOffset now)
    {
        var generation = policy.Metadata?.Generation;
        var isDeleting = policy.Metadata?.DeletionTimestamp is not null;
        var observed = new PolicyObservation(policy.Metadata?.Name ?? string.Empty, aggregate, errors, isDeleting);
        var hottest = aggregate.Hottest.Count > 0 ? aggregate.Hottest[0] : null;
        return new PolicyStatus
        {
            ObservedGeneration = aggregate.Pending == 0 || errors.Count > 0 ? generation : stored?.ObservedGeneration,
            Conditions = PolicyConditions.Evaluate(observed, stored?.Conditions, generation, now),
            Nodes = aggregate.Nodes,
            Usage = new PolicyUsage
            {
                Entries = aggregate.Entries,
                Limit = aggregate.Limit == 0 && aggregate.NodesWithoutLimit > 0 ? null : aggregate.Limit,
                NodesWithoutLimit = aggregate.NodesWithoutLimit == 0 ? null : aggregate.NodesWithoutLimit,
                LimitText = aggregate switch
                {
                    { Limit: 0, NodesWithoutLimit: 0 } => null,
                    { NodesWithoutLimit: 0 } => aggregate.Limit.ToString(),
                    { Limit: 0 } when aggregate.NodesWithoutLimit == aggregate.Nodes.Selected => "none",
                    { Limit: 0 } => $"{aggregate.NodesWithoutLimit} none",
                    _ => $"{aggregate.Limit}, {aggregate.NodesWithoutLimit} none",
                },
                PeakPercent = hottest?.Percent ?? 0,
                PeakNode = hottest?.Name,
                TableFullDropsPerMinute = aggregate.TableFullDropsPerMinute,
                RacesLostPerMinute = aggregate.RacesLostPerMinute,
            },
            Hottest = hottest is null ? null : $"{hottest.Name} {hottest.Percent}%",
            HottestNodes = aggregate.Hottest.Count == 0 ? null : [.. aggregate.Hottest],
            Failures = aggregate.Failures.Count == 0 ? null : [.. aggregate.Failures],
            Advice = aggregate.Advice,
        };
    }

    /// <summary>The same status, stalled by what is not the policy's own doing.</summary>
    public static PolicyStatus Stalled(PolicyStatus status, PolicyStatus? stored, string reason, string message, DateTimeOffset now) =>
        status with
        {
            Conditions =
        [
            .. (status.Conditions ?? []).Select(c => c.Type != PolicyConditionTypes.Stalled ? c
                : new ConditionResult(true, reason, BoundedText.Of(message, 1024))
                .ToCondition(PolicyConditionTypes.Stalled, stored?.Conditions, c.ObservedGeneration, now)),
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
        Conditions = [.. (status.Conditions ?? []).Select(c => c.Type == PolicyConditionTypes.Pressure ? c with { Message = null } : c)],
    };

    private static bool Same(PolicyStatus? a, PolicyStatus? b) =>
        a is not null && b is not null
        && JsonSerializer.SerializeToUtf8Bytes(a, ApiJson.Default.PolicyStatus).AsSpan()
            .SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(b, ApiJson.Default.PolicyStatus));
}
