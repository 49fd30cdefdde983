using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConntrackOperator.Api.Flushes;

/// <summary>Reads a number or a string. What is no protocol is kept as it is written, for whoever validates to say so.</summary>
public sealed class ProtocolValueConverter : JsonConverter<ProtocolValue>
{
    /// <inheritdoc />
    public override ProtocolValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType switch
        {
            JsonTokenType.Number when reader.TryGetInt64(out var number) => ProtocolValue.Of(number),
            JsonTokenType.Number => ProtocolValue.Of(Encoding.UTF8.GetString(reader.ValueSpan)),
            JsonTokenType.String => ProtocolValue.Of(reader.GetString() ?? string.Empty),
            _ => throw new JsonException("a protocol is a number or a string"),
        };

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, ProtocolValue value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value.Number is { } number)
        {
            writer.WriteNumberValue(number);
        }
        else
        {
            writer.WriteStringValue(value.Text);
        }
    }
}
