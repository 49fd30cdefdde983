namespace ConntrackOperator.Api.Meta;

/// <summary>What a condition says, before it is one: what judges stays pure, and knows neither clock nor former status.</summary>
/// <param name="Status">True, False, or null for Unknown.</param>
/// <param name="Reason">One word in CamelCase, for programs.</param>
/// <param name="Message">A sentence for people.</param>
public readonly record struct ConditionResult(bool? Status, string Reason, string Message)
{
    /// <summary>
    /// The condition that says this. The time of the last transition is kept while the status stays, as <c>metav1.Condition</c> asks.
    /// </summary>
    /// <param name="type">What is told, such as Ready.</param>
    /// <param name="before">The conditions that stand now, or null.</param>
    /// <param name="generation">The generation that the verdict was made on, or null where a spec never changes.</param>
    /// <param name="now">The time, for a status that is new.</param>
    public Condition ToCondition(string type, IReadOnlyList<Condition>? before, long? generation, DateTimeOffset now)
    {
        var status = Status switch { true => "True", false => "False", null => "Unknown" };
        var old = Condition.Find(before, type);
        return new Condition
        {
            Type = type,
            Status = status,
            Reason = BoundedText.Of(Reason, Condition.MaximumReason),
            Message = BoundedText.Of(Message, Condition.MaximumMessage),
            ObservedGeneration = generation,
            LastTransitionTime = old?.Status == status && old.LastTransitionTime is { } since ? since : now,
        };
    }
}
