namespace ConntrackOperator.Engine.State;

/// <summary>Another process sets this machine: an agent, or <c>host watch</c>.</summary>
public sealed class StateDirectoryBusyException : IOException
{
    /// <summary>Says which directory.</summary>
    /// <param name="path">The state directory.</param>
    /// <param name="inner">What the lock said.</param>
    public StateDirectoryBusyException(string path, Exception? inner)
        : base($"another process (a conntrack-operator agent, or `host watch`) sets this machine, or holds {path}/lock", inner)
    {
    }

    /// <summary>For serialisers only.</summary>
    public StateDirectoryBusyException()
    {
    }

    /// <summary>For serialisers only.</summary>
    /// <param name="message">The message.</param>
    public StateDirectoryBusyException(string message)
        : base(message)
    {
    }
}
