namespace ConntrackOperator.Controller.Rollouts;

/// <summary>What is kept on a ConntrackNode of the last change that a policy's rollout let through to it.</summary>
/// <param name="After">The generation that the change followed: an agent that has observed a later one knows of the change.</param>
/// <param name="Drops">Packets dropped a minute because the table was full, when the change was made; 0 also when that was not
/// known.</param>
/// <param name="At">When that was.</param>
internal sealed record RolloutCheckpoint(long After, long Drops, DateTimeOffset At);
