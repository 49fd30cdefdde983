using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Planning.Precedence;

/// <summary>
/// Orders policies, the one that wins first: by priority (the higher), then age (the older; one without a creation time is the youngest),
/// then name (ordinal).
/// </summary>
public sealed class PolicyPrecedence : IComparer<ConntrackPolicy>
{
    private PolicyPrecedence()
    {
    }

    /// <summary>The one instance; it has no state.</summary>
    public static PolicyPrecedence Comparer { get; } = new();

    /// <summary>A policy's priority, 0 when left out.</summary>
    /// <param name="policy">The policy.</param>
    /// <returns>The priority.</returns>
    public static int PriorityOf(ConntrackPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.Spec?.Priority ?? 0;
    }

    /// <inheritdoc />
    public int Compare(ConntrackPolicy? x, ConntrackPolicy? y)
    {
        if (x is null || y is null)
        {
            return (x is null ? 1 : 0) - (y is null ? 1 : 0);
        }

        var order = PriorityOf(y).CompareTo(PriorityOf(x));
        if (order == 0)
        {
            order = AgeOf(x).CompareTo(AgeOf(y));
        }

        return order != 0 ? order : string.CompareOrdinal(x.Metadata?.Name, y.Metadata?.Name);
    }

    private static DateTimeOffset AgeOf(ConntrackPolicy policy) =>
        policy.Metadata?.CreationTimestamp ?? DateTimeOffset.MaxValue;
}
