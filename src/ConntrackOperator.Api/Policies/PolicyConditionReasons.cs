namespace ConntrackOperator.Api.Policies;

/// <summary>The reasons of a ConntrackPolicy's conditions.</summary>
public static class PolicyConditionReasons
{
    /// <summary>It is being deleted, and nodes put back what was there before.</summary>
    public const string Deleting = "Deleting";

    /// <summary>Its spec is refused.</summary>
    public const string Invalid = "Invalid";

    /// <summary>Some of its nodes have no plan yet.</summary>
    public const string Planning = "Planning";

    /// <summary>It selects no node.</summary>
    public const string NoNodes = "NoNodes";

    /// <summary>Nodes drop packets since they were changed: no further node is.</summary>
    public const string RolloutPaused = "RolloutPaused";

    /// <summary>Some nodes can't be set.</summary>
    public const string NodesFailed = "NodesFailed";

    /// <summary>On some nodes something else overwrites a setting again and again.</summary>
    public const string Contested = "Contested";

    /// <summary>Some nodes wait for their turn.</summary>
    public const string RollingOut = "RollingOut";

    /// <summary>Some nodes have not reported on their plan yet.</summary>
    public const string Updating = "Updating";

    /// <summary>Some nodes are not ready, or their agents are silent.</summary>
    public const string NodesUnreachable = "NodesUnreachable";

    /// <summary>All nodes hold what it asks.</summary>
    public const string AllNodesReady = "AllNodesReady";

    /// <summary>Reconciling: nothing is left to do.</summary>
    public const string Done = "Done";

    /// <summary>Stalled: nothing stands in the way.</summary>
    public const string NotStalled = "NotStalled";

    /// <summary>Stalled: the API server refuses the finalizer, so that nothing is done for the policy.</summary>
    public const string FinalizerRefused = "FinalizerRefused";

    /// <summary>Conflict: there is none.</summary>
    public const string NoConflict = "NoConflict";

    /// <summary>Conflict: between policies of equal priority.</summary>
    public const string EqualPriority = "EqualPriority";
}
