using ConntrackOperator.Api.Meta;

namespace ConntrackOperator.Kubernetes.LeaderElection;

/// <summary>The times of a <see cref="LeaderElector"/>. The same for all candidates.</summary>
public sealed record LeaderElectionOptions
{
    /// <summary>How long others wait, after they have seen the last renewal, before they take the lease. 15 s; whole seconds.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the leader goes on without a renewal before it gives up. 10 s; less than <see cref="Duration"/>.
    /// The time in between is what its work has to come to an end.</summary>
    public TimeSpan RenewDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The wait between two attempts to renew or to take the lease. 2 s.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long one attempt may take. 4 s: two fit into the renew deadline, which it has to be
    /// less than.</summary>
    public TimeSpan AttemptLimit { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Ends the process at once, with a message. Called when the lease has expired and the work has not ended
    /// though it was cancelled: somebody else may begin at this moment. <see cref="Environment.FailFast(string)"/> unless
    /// said otherwise.</summary>
    public Action<string> EndProcess { get; init; } = Environment.FailFast;

    /// <summary>
    /// The object with which the lease goes when that is deleted; asked at each renewal. Null, or null as the answer: none.
    /// </summary>
    public Func<OwnerReference?>? Owner { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Duration, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(RenewDeadline, Duration);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(RetryPeriod, RenewDeadline);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RetryPeriod, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(AttemptLimit, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(AttemptLimit, RenewDeadline);
    }
}
