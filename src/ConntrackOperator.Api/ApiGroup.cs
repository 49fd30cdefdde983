namespace ConntrackOperator.Api;

/// <summary>The names that all kinds of this project share.</summary>
public static class ApiGroup
{
    /// <summary>The API group.</summary>
    public const string Name = "conntrack.dev";

    /// <summary>The version served and stored.</summary>
    public const string Version = "v1alpha1";

    /// <summary>Group and version as in an object's apiVersion.</summary>
    public const string ApiVersion = Name + "/" + Version;

    /// <summary>The category: <c>kubectl get conntrack</c> lists all kinds.</summary>
    public const string Category = "conntrack";

    /// <summary>The finalizer by which a policy waits for its nodes to restore their settings.</summary>
    public const string RestoreFinalizer = Name + "/restore";

    /// <summary>
    /// The annotation of a ConntrackNode in which the controller keeps, by policy, when a rollout changed the node and whether it dropped
    /// packets then.
    /// </summary>
    public const string RolloutAnnotation = Name + "/rollout";
}
