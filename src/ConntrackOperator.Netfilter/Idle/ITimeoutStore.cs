namespace ConntrackOperator.Netfilter.Idle;

/// <summary>Keeps a history beyond the process that looked.</summary>
public interface ITimeoutStore
{
    /// <summary>
    /// Takes over what others have kept of this boot and this network namespace, and keeps both. Never throws for a place that can't be
    /// read or written: then only what this process saw is known.
    /// </summary>
    /// <param name="seen">What this process saw.</param>
    /// <returns>All that is known.</returns>
    TimeoutHistory Keep(TimeoutHistory seen);
}
