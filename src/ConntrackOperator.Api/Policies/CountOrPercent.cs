using System.Globalization;
using System.Text.Json.Serialization;

namespace ConntrackOperator.Api.Policies;

/// <summary>A number of nodes, or a share of them as people write it: 30, or "25%". As Kubernetes' IntOrString.</summary>
/// <param name="Count">The number; null when a string was written.</param>
/// <param name="Text">The string, such as 25%; null when a number was written.</param>
[JsonConverter(typeof(CountOrPercentConverter))]
public readonly record struct CountOrPercent(long? Count, string? Text)
{
    /// <summary>A number of nodes.</summary>
    /// <param name="count">Nodes.</param>
    /// <returns>The number.</returns>
    public static CountOrPercent Of(long count) => new(count, null);

    /// <summary>A share.</summary>
    /// <param name="text">Such as 25%.</param>
    /// <returns>The share.</returns>
    public static CountOrPercent Of(string text) => new(null, text);

    /// <summary>The number of nodes when it is one that rollout.maxUnavailable may be: 1 to 5000.</summary>
    /// <returns>Null when it is none.</returns>
    public int? AsNodes() => Count is >= 1 and <= RolloutSpec.MaximumNodes ? (int)Count : null;

    /// <summary>The share when it is one that rollout.maxUnavailable may be: 1% to 100%, without sign, space or leading zero.</summary>
    /// <returns>Null when it is none.</returns>
    public int? AsPercent() => Count is null && Text is [>= '1' and <= '9', .., '%'] and { Length: <= 4 } text
        && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent) && percent <= 100
            ? percent
            : null;

    /// <inheritdoc />
    public override string ToString() => Count?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? Text ?? string.Empty;
}
