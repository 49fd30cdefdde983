namespace ConntrackOperator.Controller.Aggregation;

/// <summary>How one node stands towards one policy.</summary>
internal enum NodePolicyState
{
    /// <summary>The kernel holds what the policy asks.</summary>
    Ready,

    /// <summary>It is being changed, or a change is held back for now.</summary>
    Updating,

    /// <summary>A rollout holds the change back; the node keeps what it has until it is its turn.</summary>
    Waiting,

    /// <summary>Something else keeps overwriting a setting.</summary>
    Drifted,

    /// <summary>Something could not be set.</summary>
    Failed,

    /// <summary>The node is not ready, or its agent has not reported.</summary>
    Unreachable,
}
