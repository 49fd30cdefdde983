using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConntrackOperator.Api.Policies;

/// <summary>Reads a number or a string. What is neither a whole number nor a share is kept as it is written, for whoever validates to say so.</summary>
public sealed class CountOrPercentConverter : JsonConverter<CountOrPercent>
{
    /// <inheritdoc />
    public override CountOrPercent Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType switch
        {
            JsonTokenType.Number when reader.TryGetInt64(out var count) => CountOrPercent.Of(count),
            JsonTokenType.Number => CountOrPercent.Of(Encoding.UTF8.GetString(reader.ValueSpan)),
            JsonTokenType.String => CountOrPercent.Of(reader.GetString() ?? string.Empty),
            _ => throw new JsonException("a number of nodes is a number or a string"),
        };

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, CountOrPercent value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        if (value.Count is { } count)
        {
            writer.WriteNumberValue(count);
        }
        else
        {
            writer.WriteStringValue(value.Text);
        }
    }
}
