namespace ConntrackOperator.Planning.Rollouts;

/// <summary>A change of a node's kernel that a rollout may hold back, whole or not at all.</summary>
/// <param name="Settings">The sysctls that belong together.</param>
/// <param name="Policies">The policies with a rollout whose settings change, by name; the node needs a place with each of them.</param>
public sealed record RolloutChange(IReadOnlyList<string> Settings, IReadOnlyList<string> Policies);
