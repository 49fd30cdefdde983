using System.Text.Json;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>What every object has, read without knowing its type.</summary>
internal readonly record struct ObjectScan(string? Namespace, string? Name, string? ResourceVersion)
{
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static ObjectScan Of(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return default;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (isMetadata && reader.TokenType == JsonTokenType.StartObject)
            {
                return OfMetadata(ref reader);
            }

            reader.Skip();
        }

        return default;
    }

    private static ObjectScan OfMetadata(ref Utf8JsonReader reader)
    {
        ObjectScan scan = default;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("name"u8))
            {
                scan = scan with { Name = ReadString(ref reader) };
            }
            else if (reader.ValueTextEquals("namespace"u8))
            {
                scan = scan with { Namespace = ReadString(ref reader) };
            }
            else if (reader.ValueTextEquals("resourceVersion"u8))
            {
                scan = scan with { ResourceVersion = ReadString(ref reader) };
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return scan;
    }

    private static string? ReadString(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            return reader.GetString();
        }

        reader.Skip();
        return null;
    }
}
