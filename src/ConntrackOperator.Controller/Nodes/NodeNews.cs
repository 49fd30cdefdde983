namespace ConntrackOperator.Controller.Nodes;

/// <summary>What is worth an event on a Node.</summary>
/// <param name="Warning">Whether it should worry anybody.</param>
/// <param name="Reason">One word, for programs.</param>
/// <param name="Action">What was done or failed.</param>
/// <param name="Note">A sentence for people.</param>
/// <param name="Key">What makes it the same as an earlier one with other numbers.</param>
/// <param name="TellsSources">Whether it helps to know who has the most entries.</param>
internal sealed record NodeNews(bool Warning, string Reason, string Action, string Note, string Key, bool TellsSources = false);
