namespace ConntrackOperator.Controller.Aggregation;

/// <summary>Two policies that set a field to different values, and on which nodes.</summary>
/// <param name="Field">The field below spec.</param>
/// <param name="Winner">The policy whose value is planned.</param>
/// <param name="WinnerValue">Its value.</param>
/// <param name="Loser">The other policy.</param>
/// <param name="LoserValue">The value that is not planned.</param>
/// <param name="Nodes">On how many nodes.</param>
/// <param name="FirstNodes">The first of them by name.</param>
internal sealed record ConflictSummary(
    string Field, string Winner, string WinnerValue, string Loser, string LoserValue, int Nodes, IReadOnlyList<string> FirstNodes);
