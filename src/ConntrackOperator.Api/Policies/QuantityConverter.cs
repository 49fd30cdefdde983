using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConntrackOperator.Api.Policies;

/// <summary>Reads a quantity from a JSON number or string; writes plain numbers as numbers, all else as a string.</summary>
public sealed class QuantityConverter : JsonConverter<Quantity>
{
    /// <inheritdoc />
    public override Quantity Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType switch
        {
            JsonTokenType.Number => new Quantity(Encoding.UTF8.GetString(reader.ValueSpan)),
            JsonTokenType.String => new Quantity(reader.GetString() ?? string.Empty),
            _ => throw new JsonException("a quantity is a number or a string"),
        };

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, Quantity value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (long.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteStringValue(value.Text);
        }
    }
}
