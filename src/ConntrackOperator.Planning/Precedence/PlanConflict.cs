namespace ConntrackOperator.Planning.Precedence;

/// <summary>Two policies of equal priority set a field of a node to different values; the older one's value is planned.</summary>
/// <param name="Field">The field below spec, such as timeouts.tcp.established.</param>
/// <param name="Winner">The policy whose value is planned: the older, or the first by name of two of the same age.</param>
/// <param name="WinnerValue">Its value, as in a policy file.</param>
/// <param name="Loser">The other policy.</param>
/// <param name="LoserValue">The value that is not planned.</param>
/// <param name="Node">The node.</param>
public sealed record PlanConflict(string Field, string Winner, string WinnerValue, string Loser, string LoserValue, string Node);
