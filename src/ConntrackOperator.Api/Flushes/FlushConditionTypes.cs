namespace ConntrackOperator.Api.Flushes;

/// <summary>The conditions of a ConntrackFlush, as a Job's.</summary>
public static class FlushConditionTypes
{
    /// <summary>It has been done on every node.</summary>
    public const string Complete = "Complete";

    /// <summary>It has finished, and failed on a node or as a whole.</summary>
    public const string Failed = "Failed";
}
