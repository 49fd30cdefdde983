using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Planning.Precedence;

/// <summary>Takes each field of a node from the policy with the highest precedence that sets it, and notes who disagrees.</summary>
/// <param name="node">The node's name.</param>
/// <param name="policies">The policies that select the node, the highest precedence first.</param>
internal sealed class FieldPicker(string node, IReadOnlyList<ConntrackPolicy> policies)
{
    private readonly List<(int Order, PlanConflict Conflict)> _conflicts = [];

    /// <summary>The disagreements, by the order given with each field.</summary>
    internal List<PlanConflict> Conflicts => [.. _conflicts.OrderBy(entry => entry.Order).Select(entry => entry.Conflict)];

    /// <summary>Picks one field.</summary>
    /// <param name="order">The field's place among the conflicts.</param>
    /// <param name="path">The field below spec.</param>
    /// <param name="read">Its value in a policy; null when not set.</param>
    /// <param name="format">The value as in a policy.</param>
    /// <returns>The winner and its value; null when no policy sets the field.</returns>
    internal Picked<T>? Pick<T>(int order, string path, Func<PolicySpec, T?> read, Func<T, string> format)
        where T : struct, IEquatable<T>
    {
        Picked<T>? winner = null;
        foreach (var policy in policies)
        {
            if (winner is { } first && PolicyPrecedence.PriorityOf(first.Policy) != PolicyPrecedence.PriorityOf(policy))
            {
                break; // Sorted: whoever follows has a lower priority, and losing to a higher one is no conflict.
            }

            if (read(policy.Spec!) is not { } value)
            {
                continue;
            }

            if (winner is not { } chosen)
            {
                winner = new Picked<T>(policy, value);
            }
            else if (!value.Equals(chosen.Value))
            {
                _conflicts.Add((order, new PlanConflict(
                    path, chosen.Name, format(chosen.Value), policy.Metadata?.Name ?? string.Empty, format(value), node)));
            }
        }

        return winner;
    }
}

/// <summary>A field's value and the policy that it comes from.</summary>
internal readonly record struct Picked<T>(ConntrackPolicy Policy, T Value)
{
    /// <summary>The policy's name.</summary>
    internal string Name => Policy.Metadata?.Name ?? string.Empty;
}
