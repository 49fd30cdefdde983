namespace ConntrackOperator.Planning.Advice.Facts;

/// <summary>How commands are written: for the machine itself, or for a node of a cluster.</summary>
/// <param name="Program">The program as it was called, such as kubectl-conntrack.</param>
/// <param name="Node">The node; null for this machine.</param>
/// <param name="HasPlan">Whether a plan is in force on this machine: applying a policy with the advised field alone would undo the
/// others.</param>
public sealed record AdviceTarget(string Program, string? Node = null, bool HasPlan = false);
