namespace ConntrackOperator.Api.Meta;

/// <summary>The reasons of the events that the controller records on policies, flushes and Nodes.</summary>
public static class EventReasons
{
    /// <summary>On a Node: its table is full.</summary>
    public const string TableFull = "TableFull";

    /// <summary>On a Node: its table is fuller than a threshold of the policy.</summary>
    public const string TableNearFull = "TableNearFull";

    /// <summary>On a Node: packets are dropped, since its table is full.</summary>
    public const string PacketsDropped = "PacketsDropped";

    /// <summary>On a Node: packets are lost at insertion, which no size of the table helps.</summary>
    public const string RacesLost = "RacesLost";

    /// <summary>On a Node: its hash table has another size.</summary>
    public const string Resized = "Resized";

    /// <summary>On a Node: something else overwrote a setting, and it was put back.</summary>
    public const string DriftCorrected = "DriftCorrected";

    /// <summary>On a Node: something else overwrites a setting again and again.</summary>
    public const string SettingContested = "SettingContested";

    /// <summary>On a Node: a setting can't be set.</summary>
    public const string SettingFailed = "SettingFailed";

    /// <summary>On a policy: all its nodes hold what it says.</summary>
    public const string Applied = "Applied";

    /// <summary>On a policy: its rollout is paused.</summary>
    public const string RolloutPaused = "RolloutPaused";

    /// <summary>On a policy: another one sets the same field of the same node to something else.</summary>
    public const string Conflict = "Conflict";

    /// <summary>On a policy that is deleted: all its nodes have put back what was there before.</summary>
    public const string Restored = "Restored";

    /// <summary>On a policy that is deleted: nodes have not put back what was there before in time.</summary>
    public const string RestoreTimedOut = "RestoreTimedOut";

    /// <summary>On a policy: somebody refuses that its finalizer is written.</summary>
    public const string FinalizerRefused = "FinalizerRefused";

    /// <summary>On a policy or a flush: somebody refuses that its status is written.</summary>
    public const string StatusRefused = "StatusRefused";

    /// <summary>On a policy with <c>pressure.nodeCondition</c>: the condition on a Node can't be written.</summary>
    public const string NodeConditionRefused = "NodeConditionRefused";
}
