namespace ConntrackOperator.Api.Flushes;

/// <summary>The reasons of a ConntrackFlush's conditions and of its failures.</summary>
public static class FlushConditionReasons
{
    /// <summary>All nodes have done it.</summary>
    public const string Done = "Done";

    /// <summary>A node has too many flushes to do already.</summary>
    public const string Waiting = "Waiting";

    /// <summary>A node reported that it failed.</summary>
    public const string Failed = "Failed";

    /// <summary>A node, or its ConntrackNode, is gone.</summary>
    public const string NodeGone = "NodeGone";

    /// <summary>A node was not ready for too long.</summary>
    public const string NodeAway = "NodeAway";

    /// <summary>An agent has not done it in time.</summary>
    public const string TimedOut = "TimedOut";

    /// <summary>It is for no node that has an agent.</summary>
    public const string NoAgent = "NoAgent";

    /// <summary>It is for more nodes than one flush may be.</summary>
    public const string TooManyNodes = "TooManyNodes";
}
