namespace ConntrackOperator.Planning.Validation;

/// <summary>What is wrong with one field.</summary>
/// <param name="Path">The field, such as spec.timeouts.tcp.established or spec.nodeSelector.matchExpressions[0].values.</param>
/// <param name="Value">The value as JSON: numbers and booleans bare, strings in quotes; empty when the error is not about one
/// value.</param>
/// <param name="Message">What is allowed.</param>
public sealed record FieldError(string Path, string Value, string Message)
{
    /// <summary>The message of a field that has to be given.</summary>
    public const string RequiredMessage = "Required value";

    /// <summary>The error in the API server's form, such as <c>spec.timeouts.generic: Invalid value: "5d": must be …</c>.</summary>
    /// <returns>One line.</returns>
    public override string ToString() => Value.Length == 0
        ? $"{Path}: {Message}"
        : $"{Path}: Invalid value: {Value}: {Message}";
}
