using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Controller.Nodes;
using ConntrackOperator.Controller.Rollouts;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Precedence;

namespace ConntrackOperator.Controller.Aggregation;

/// <summary>All that one node adds to the policies that select it.</summary>
/// <param name="Usage">Its table.</param>
/// <param name="Shares">How it stands towards each policy that selects it.</param>
/// <param name="Conflicts">Fields that equal policies dispute.</param>
internal sealed record NodeStatusSummary(
    NodeUsage Usage, IReadOnlyDictionary<string, NodePolicyStatus> Shares, IReadOnlyList<PlanConflict> Conflicts)
{
    private const int LongestRefusal = 256;

    /// <summary>The same of a node whose plan somebody's admission policy refuses.</summary>
    /// <param name="why">What they say.</param>
    public NodeStatusSummary Refused(string why) => this with
    {
        Shares = Shares.ToDictionary(
            s => s.Key,
            s => s.Value with { State = NodePolicyState.Failed, Reason = "PlanRefused", Message = BoundedText.Of(why, LongestRefusal) },
            StringComparer.Ordinal),
    };

    /// <summary>What a planned node adds.</summary>
    /// <param name="plan">Its plan.</param>
    /// <param name="step">What it is given of that now.</param>
    /// <param name="node">Its ConntrackNode as last seen or written; null: none.</param>
    /// <param name="isReady">Whether the kubelet says that the node is ready.</param>
    /// <param name="age">How long its last report has been known.</param>
    /// <param name="isReadable">Whether what the agent reported last can be read.</param>
    /// <param name="isWritten">Whether the step is known to be in the ConntrackNode.</param>
    public static NodeStatusSummary Of(NodePlan plan, RolloutDecision step, ConntrackNode? node, bool isReady, TimeSpan age, bool isReadable, bool isWritten) => new(
        NodeUsage.From(node?.Status),
        plan.Policies.ToDictionary(
            p => p,
            p => NodeEvaluator.Judge(p, plan.Spec, isWritten ? node?.Metadata?.Generation : long.MaxValue, node, isReady, age, step.Waiting.Contains(p), isReadable)
                with
            { Rollout = step.Stand(p, node, isWritten) },
            StringComparer.Ordinal),
        plan.Conflicts);
}
