namespace ConntrackOperator.Api.Policies;

/// <summary>The conditions of a ConntrackPolicy.</summary>
public static class PolicyConditionTypes
{
    /// <summary>Every selected node holds what the policy asks.</summary>
    public const string Ready = "Ready";

    /// <summary>Nodes are being brought to what the policy asks.</summary>
    public const string Reconciling = "Reconciling";

    /// <summary>It does not go on by itself: somebody has to mend something.</summary>
    public const string Stalled = "Stalled";

    /// <summary>Another policy of equal priority sets the same field of a node to another value.</summary>
    public const string Conflict = "Conflict";

    /// <summary>A selected node's table is filling up; the reasons are those of a ConntrackNode's Pressure.</summary>
    public const string Pressure = "Pressure";
}
