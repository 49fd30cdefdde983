using System.Globalization;

namespace ConntrackOperator.Planning.Advice;

/// <summary>Advice in one line, for the status of a node.</summary>
public static class AdviceText
{
    /// <summary>The most useful piece of advice, and how many more there are.</summary>
    /// <param name="items">What <see cref="Adviser.Advise"/> gave.</param>
    /// <returns>One line; null when there is nothing to say, as the status leaves it out then.</returns>
    public static string? Summary(IReadOnlyList<AdviceItem> items)
    {
        ArgumentNullException.ThrowIfNull(items);
        return items.Count switch
        {
            0 => null,
            1 => items[0].Text,
            _ => string.Create(CultureInfo.InvariantCulture, $"{items[0].Text} (and {items.Count - 1} more)"),
        };
    }
}
