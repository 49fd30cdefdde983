using System.Globalization;
using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Planning.Rollouts;

/// <summary>How many nodes a rollout may change at once. Pure.</summary>
public static class RolloutLimit
{
    /// <summary>Whether a value may stand in rollout.maxUnavailable: 1 to 5000, or 1% to 100%.</summary>
    /// <param name="value">The value.</param>
    /// <returns>False when it has to be refused.</returns>
    public static bool IsValid(CountOrPercent value) => Count(value) is not null || Percent(value) is not null;

    /// <summary>How many nodes of a policy may be changed at once.</summary>
    /// <param name="rollout">The rollout; a share left out, or not valid, counts as the default.</param>
    /// <param name="selected">Nodes that the policy selects, 0 or more.</param>
    /// <returns>Nodes, 1 or more: a share is rounded up.</returns>
    public static int Places(RolloutSpec rollout, int selected)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        if (rollout.MaxUnavailable is { } value && Count(value) is { } count)
        {
            return count;
        }

        var percent = rollout.MaxUnavailable is { } share ? Percent(share) ?? RolloutSpec.DefaultPercent : RolloutSpec.DefaultPercent;
        return (int)Math.Max(1, ((long)selected * percent + 99) / 100);
    }

    private static int? Count(CountOrPercent value) => value.Count is >= 1 and <= RolloutSpec.MaximumNodes ? (int)value.Count : null;

    // The same texts as the CRD's pattern: no sign, no space, no leading zero.
    private static int? Percent(CountOrPercent value) =>
        value is { Count: null, Text: [>= '1' and <= '9', .., '%'] and { Length: <= 4 } text }
        && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent) && percent <= 100
            ? percent
            : null;
}
