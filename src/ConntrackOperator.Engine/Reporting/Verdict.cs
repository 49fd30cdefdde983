namespace ConntrackOperator.Engine.Reporting;

/// <summary>What a condition says, before it is one.</summary>
/// <param name="Status">True, False, or null for Unknown.</param>
/// <param name="Reason">One word.</param>
/// <param name="Message">A sentence.</param>
internal readonly record struct Verdict(bool? Status, string Reason, string Message);
