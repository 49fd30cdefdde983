using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConntrackOperator.Kubernetes.Protocol;

/// <summary>meta/v1 MicroTime: UTC with exactly six decimals, which is the only form that the server reads.</summary>
internal sealed class MicroTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'"));

    /// <summary>The time as it comes back from the server.</summary>
    public static DateTimeOffset Round(DateTimeOffset value) =>
        new(value.UtcTicks - (value.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
