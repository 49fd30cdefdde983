using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Rollouts;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Rollouts;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>
/// One pass of planning over one node: begun, decides, is told what was written, and on disposal tells the aggregator how the node is.
/// </summary>
/// <remarks>
/// <para>Guaranteed: when a pass has decided, the slots that it reserved are accounted for, whatever happens after that. If nothing says
/// that the decision was written (the write failed or was cancelled), the node counts as one that may have been changed.</para>
/// <para>Guaranteed: a policy that changes after the pass began needs the node planned once more.</para>
/// <para>Assumed: the pass begins before policies and ConntrackNode are read; one pass at a time for one node, which the work queue
/// sees to; it is disposed of, unless the process ends.</para>
/// <para>Not promised: a pass that ends before it has decided, or found that nothing selects the node, records nothing.</para>
/// </remarks>
/// <param name="aggregator">Who adds up.</param>
/// <param name="node">The node.</param>
internal sealed class PlanningPass(PolicyStatusAggregator aggregator, string node) : IDisposable
{
    private readonly long _epoch = aggregator.Epoch;
    private bool _isConcluded;
    private NodePlan? _plan;
    private NodeObservation? _observed;
    private RolloutDecision? _decision;
    private NodeStatusSummary? _summary;
    private string? _refusal;

    /// <summary>No policy selects the node, or it is gone.</summary>
    public void NotSelected() => _isConcluded = true;

    /// <summary>Reserves the slots that the node's changes need, and decides what it is given of its plan.</summary>
    /// <param name="plan">Its plan.</param>
    /// <param name="policies">The policies that the plan was made from.</param>
    /// <param name="observed">What is known of it.</param>
    /// <param name="now">The time.</param>
    public RolloutDecision Decide(NodePlan plan, IEnumerable<ConntrackPolicy> policies, NodeObservation observed, DateTimeOffset now)
    {
        _isConcluded = true;
        var (existing, isAvailable) = (observed.Object, observed.IsAvailable);
        var limited = policies.Where(p => p.Spec?.Rollout is not null && plan.Policies.Contains(p.Metadata!.Name!))
            .ToDictionary(p => p.Metadata!.Name!, StringComparer.Ordinal);
        var changes = PlanDifference.Changes(existing?.Spec, plan, limited.Keys);
        var held = aggregator.Reserve(
            node, isAvailable ? changes : [], limited, p => NodeRolloutState.Of(p, existing, isAvailable, now), _epoch);
        (_plan, _observed) = (plan, observed);
        return _decision = RolloutDecision.Make(plan, limited.Keys, changes, isAvailable ? held : changes, existing, isAvailable, now);
    }

    /// <summary>The ConntrackNode holds the decision.</summary>
    /// <param name="written">It, as the API server has it.</param>
    /// <returns>How the node is now.</returns>
    public NodeStatusSummary Written(ConntrackNode written) => _summary = Summarize(written, isWritten: true);

    /// <summary>The API server refused the decision: the ConntrackNode does not hold it.</summary>
    /// <param name="why">What it says.</param>
    public void Refused(string why) => _refusal = why;

    /// <summary>Tells the aggregator how the node is, as far as that is known.</summary>
    public void Dispose()
    {
        if (!_isConcluded)
        {
            return;
        }

        if (_decision is not null && _summary is null)
        {
            _summary = Summarize(_observed!.Object, isWritten: false);
        }

        aggregator.Update(node, _refusal is null ? _summary : _summary?.Refused(_refusal), _epoch);
        _isConcluded = false;
    }

    private NodeStatusSummary Summarize(ConntrackNode? current, bool isWritten) =>
        NodeEvaluator.Summarize(_plan!, _decision!, _observed! with { Object = current }, isWritten);
}
