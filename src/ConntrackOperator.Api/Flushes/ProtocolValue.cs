using System.Text.Json.Serialization;

namespace ConntrackOperator.Api.Flushes;

/// <summary>An IP protocol as people write it: TCP, or 132.</summary>
/// <param name="Number">The number; null when a string was written.</param>
/// <param name="Text">The string, such as TCP; null when a number was written.</param>
[JsonConverter(typeof(ProtocolValueConverter))]
public readonly record struct ProtocolValue(long? Number, string? Text)
{
    /// <summary>A protocol's number.</summary>
    /// <param name="number">0 to 255.</param>
    /// <returns>The value.</returns>
    public static ProtocolValue Of(long number) => new(number, null);

    /// <summary>A protocol's name.</summary>
    /// <param name="text">Such as TCP.</param>
    /// <returns>The value.</returns>
    public static ProtocolValue Of(string text) => new(null, text);

    /// <inheritdoc />
    public override string ToString() => Number?.ToString() ?? Text ?? string.Empty;
}
