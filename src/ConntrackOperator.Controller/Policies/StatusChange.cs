namespace ConntrackOperator.Controller.Policies;

/// <summary>How a status differs from the stored one.</summary>
internal enum StatusChange
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>In how full tables are: worth a write now and then.</summary>
    UsageOnly,

    /// <summary>In something that a person waits for.</summary>
    State,
}
