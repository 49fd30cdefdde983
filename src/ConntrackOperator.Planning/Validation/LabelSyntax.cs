using System.Text.RegularExpressions;

namespace ConntrackOperator.Planning.Validation;

/// <summary>Keys and values of labels, as the API server checks them (k8s.io/apimachinery/pkg/util/validation).</summary>
public static partial class LabelSyntax
{
    /// <summary>The longest DNS name before the slash of a key, in characters.</summary>
    public const int MaximumPrefix = 253;

    /// <summary>The longest name of a key, and the longest value, in characters.</summary>
    public const int MaximumName = 63;

    /// <summary>The longest key, in characters.</summary>
    public const int MaximumKey = MaximumPrefix + 1 + MaximumName;

    /// <summary>
    /// Whether this may be a label's key: a name of at most 63 characters, if need be after a DNS name of at most 253 and a slash.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <returns>True when it may.</returns>
    public static bool IsKey(string? key) => key is { Length: <= MaximumKey }
        && key.IndexOf('/', StringComparison.Ordinal) <= MaximumPrefix && Key().IsMatch(key);

    /// <summary>Whether this may be a label's value: empty, or at most 63 characters.</summary>
    /// <param name="value">The value.</param>
    /// <returns>True when it may.</returns>
    public static bool IsValue(string? value) => value is not null && Value().IsMatch(value);

    [GeneratedRegex(@"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]\z")]
    private static partial Regex Key();

    [GeneratedRegex(@"^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?\z")]
    private static partial Regex Value();
}
