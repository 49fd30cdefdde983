namespace ConntrackOperator.Controller.Aggregation;

/// <summary>What has to be looked at after a node was planned.</summary>
/// <param name="Policies">Policies whose status this touches.</param>
/// <param name="Nodes">Nodes that a rollout has a place for now, in the order of their turn.</param>
internal sealed record RequeueSet(IReadOnlyCollection<string> Policies, IReadOnlyList<string> Nodes);
