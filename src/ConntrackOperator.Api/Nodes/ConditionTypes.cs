namespace ConntrackOperator.Api.Nodes;

/// <summary>The conditions of a ConntrackNode.</summary>
public static class ConditionTypes
{
    /// <summary>The agent works and the kernel holds what is planned.</summary>
    public const string Ready = "Ready";

    /// <summary>The kernel holds what is planned; the reason says what is wrong.</summary>
    public const string Applied = "Applied";

    /// <summary>Something else overwrote a setting lately.</summary>
    public const string Drifted = "Drifted";

    /// <summary>The table is filling up.</summary>
    public const string Pressure = "Pressure";
}
