namespace ConntrackOperator.Controller.Policies;

/// <summary>What a condition says, before it is one.</summary>
/// <param name="Status">True or False.</param>
/// <param name="Reason">One word.</param>
/// <param name="Message">A sentence.</param>
internal readonly record struct PolicyVerdict(bool Status, string Reason, string Message);
