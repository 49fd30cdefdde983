using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Controller.Aggregation;

/// <summary>The advice of one node's agent.</summary>
/// <param name="Severity">How pressing it is: 0 not said, 1 Hint, 2 Warning, 3 Critical.</param>
/// <param name="Reason">Its kind, by which that of other nodes counts as the same; empty where the agent does not say it.</param>
/// <param name="Text">The sentence.</param>
internal sealed record ReportedAdvice(int Severity, string Reason, string Text)
{
    /// <summary>How much of a node's sentence is passed on, in characters.</summary>
    public const int TextLength = 400;

    /// <summary>From a report; null: it has none.</summary>
    public static ReportedAdvice? From(NodeStatus status) => status.Advice is { Length: > 0 } text
        ? new ReportedAdvice(
            status.AdviceSeverity switch { "Critical" => 3, "Warning" => 2, "Hint" => 1, _ => 0 },
            BoundedText.Of(status.AdviceReason, StatusBounds.Word) ?? string.Empty,
            BoundedText.Of(text, TextLength))
        : null;
}
