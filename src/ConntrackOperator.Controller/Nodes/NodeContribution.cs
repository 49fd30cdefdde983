using ConntrackOperator.Planning;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>All that one node adds to the policies that select it.</summary>
/// <param name="Usage">Its table.</param>
/// <param name="Shares">How it stands towards each policy that selects it.</param>
/// <param name="Conflicts">Fields that equal policies dispute.</param>
internal sealed record NodeContribution(
    NodeUsage Usage, IReadOnlyDictionary<string, PolicyShare> Shares, IReadOnlyList<PlanConflict> Conflicts);
