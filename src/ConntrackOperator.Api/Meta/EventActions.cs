namespace ConntrackOperator.Api.Meta;

/// <summary>The actions of the events that the controller records: what was done, or failed.</summary>
public static class EventActions
{
    /// <summary>Settings, or a condition on a Node, were written.</summary>
    public const string Apply = "Apply";

    /// <summary>A finalizer was written.</summary>
    public const string Finalize = "Finalize";

    /// <summary>The table was looked at.</summary>
    public const string Observe = "Observe";

    /// <summary>Nodes were planned.</summary>
    public const string Plan = "Plan";

    /// <summary>A status was written.</summary>
    public const string Report = "Report";

    /// <summary>The hash table was given another size.</summary>
    public const string Resize = "Resize";

    /// <summary>What was there before, or what is planned, was put back.</summary>
    public const string Restore = "Restore";

    /// <summary>A change went from node to node.</summary>
    public const string Rollout = "Rollout";
}
