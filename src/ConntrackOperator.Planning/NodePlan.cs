using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Planning.Precedence;

namespace ConntrackOperator.Planning;

/// <summary>The plan of one node.</summary>
/// <param name="Spec">What goes into the spec of the node's ConntrackNode. Its lists are in a fixed order, so equal plans are equal
/// bytes.</param>
/// <param name="Policies">Names of the valid policies that select the node, the highest precedence first.</param>
/// <param name="Conflicts">Fields that policies of equal priority set to different values, in the order of the plan.</param>
public sealed record NodePlan(NodeSpec Spec, IReadOnlyList<string> Policies, IReadOnlyList<PlanConflict> Conflicts);
