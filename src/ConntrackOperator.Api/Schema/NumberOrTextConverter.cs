using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConntrackOperator.Api.Schema;

/// <summary>
/// Reads a value that is a number or a string, as Kubernetes' IntOrString. What is no whole number of 64 bits is kept as it is
/// written, for whoever validates to say so.
/// </summary>
/// <typeparam name="T">The value.</typeparam>
/// <param name="what">What it is, for the error about anything else, such as "a protocol".</param>
/// <param name="ofNumber">Makes it from a number.</param>
/// <param name="ofText">Makes it from a string.</param>
/// <param name="parts">Its number, or else its string.</param>
public abstract class NumberOrTextConverter<T>(
    string what, Func<long, T> ofNumber, Func<string, T> ofText, Func<T, (long? Number, string? Text)> parts)
    : JsonConverter<T>
    where T : struct
{
    /// <inheritdoc />
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.Number when reader.TryGetInt64(out var number) => ofNumber(number),
        JsonTokenType.Number => ofText(Encoding.UTF8.GetString(reader.ValueSpan)),
        JsonTokenType.String => ofText(reader.GetString() ?? string.Empty),
        _ => throw new JsonException(what + " is a number or a string"),
    };

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var (number, text) = parts(value);
        if (number is { } given)
        {
            writer.WriteNumberValue(given);
        }
        else
        {
            writer.WriteStringValue(text);
        }
    }
}
