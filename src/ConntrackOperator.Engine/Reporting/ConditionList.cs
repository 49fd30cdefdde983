using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Engine.Reporting;

/// <summary>Turns verdicts into conditions, keeping the time of the last transition.</summary>
internal static class ConditionList
{
    public static Condition Next(IReadOnlyList<Condition>? before, string type, Verdict verdict, long? generation, DateTimeOffset now)
    {
        var status = verdict.Status switch { true => "True", false => "False", null => "Unknown" };
        var old = before?.FirstOrDefault(c => c.Type == type);
        return new Condition
        {
            Type = type,
            Status = status,
            Reason = verdict.Reason,
            Message = verdict.Message,
            ObservedGeneration = generation,
            LastTransitionTime = old?.Status == status && old.LastTransitionTime is { } since ? since : now,
        };
    }
}
