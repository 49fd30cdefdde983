namespace ConntrackOperator.Api.Policies;

/// <summary>
/// Why a node is not as a policy asks, as status.failures says it. Beside these stand the names of
/// <see cref="Nodes.SettingState"/>, and the reasons for which a plan leaves a setting out.
/// </summary>
public static class PolicyFailureReasons
{
    /// <summary>The Node is not ready.</summary>
    public const string NodeNotReady = "NodeNotReady";

    /// <summary>No agent has ever reported.</summary>
    public const string NoAgent = "NoAgent";

    /// <summary>The agent has not reported for too long.</summary>
    public const string AgentSilent = "AgentSilent";

    /// <summary>What the agent reported can't be read.</summary>
    public const string ReportUnreadable = "ReportUnreadable";

    /// <summary>The API server refuses the node's plan.</summary>
    public const string PlanRefused = "PlanRefused";

    /// <summary>The plan has not been applied yet.</summary>
    public const string Updating = "Updating";

    /// <summary>The change waits for its turn in the rollout.</summary>
    public const string RolloutWaiting = "RolloutWaiting";
}
