namespace ConntrackOperator.Controller.Aggregation;

/// <summary>What has to be reconciled because of a change.</summary>
/// <param name="Policies">Policies whose status it touches.</param>
/// <param name="Nodes">Nodes to be planned, in this order: all after a change of a policy, else those that a rollout can go on
/// with.</param>
internal sealed record RequeueSet(IReadOnlyCollection<string> Policies, IReadOnlyList<string> Nodes);
