namespace ConntrackOperator.Controller.Nodes;

/// <summary>A Node's condition that was not written yet.</summary>
/// <param name="After">When to look again.</param>
/// <param name="IsRefused">Whether somebody says no; false: it is only too early.</param>
internal readonly record struct ConditionWait(TimeSpan After, bool IsRefused);
