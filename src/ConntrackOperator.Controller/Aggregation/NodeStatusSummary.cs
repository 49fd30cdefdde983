using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Precedence;

namespace ConntrackOperator.Controller.Aggregation;

/// <summary>All that one node adds to the status of the policies that select it.</summary>
/// <param name="Usage">Its table.</param>
/// <param name="Policies">How it is with regard to each policy that selects it.</param>
/// <param name="Conflicts">Fields that policies of equal priority set to different values.</param>
internal sealed record NodeStatusSummary(
    NodeUsage Usage, IReadOnlyDictionary<string, NodePolicyStatus> Policies, IReadOnlyList<PlanConflict> Conflicts)
{
    private const int LongestRefusal = 256;

    /// <summary>Whether it is being changed by a rollout.</summary>
    public bool IsChanging => Policies.Values.Any(p => p.Rollout.IsChanging);

    /// <summary>The same of a node whose plan somebody's admission policy refuses.</summary>
    /// <param name="why">What they say.</param>
    public NodeStatusSummary Refused(string why) => this with
    {
        Policies = Policies.ToDictionary(
            p => p.Key,
            p => p.Value with
            {
                State = NodePolicyState.Failed,
                Reason = PolicyFailureReasons.PlanRefused,
                Message = BoundedText.Of(why, LongestRefusal),
            },
            StringComparer.Ordinal),
    };
}
