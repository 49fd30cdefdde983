using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>Decodes a list item by item, so that one object that does not fit does not hide the others.</summary>
internal static class ListDecoder
{
    /// <exception cref="JsonException">It is not a list in the form of the API.</exception>
    public static ListPage<T> Decode<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> item)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("A list has to be an object.");
        }

        List<T>? items = null;
        var undecodable = new List<UndecodableItem>();
        string? resourceVersion = null;
        string? token = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isItems = reader.ValueTextEquals("items"u8);
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (isItems && reader.TokenType is JsonTokenType.StartArray or JsonTokenType.Null)
            {
                items = [];
                if (reader.TokenType == JsonTokenType.StartArray)
                {
                    DecodeItems(ref reader, json, item, items, undecodable);
                }
            }
            else if (isMetadata && reader.TokenType == JsonTokenType.StartObject)
            {
                (resourceVersion, token) = DecodeMetadata(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return new(items ?? throw new JsonException("It has no items."), resourceVersion, token, undecodable) { Bytes = json.Length };
    }

    private static void DecodeItems<T>(
        ref Utf8JsonReader reader, ReadOnlySpan<byte> json, JsonTypeInfo<T> type, List<T> items, List<UndecodableItem> undecodable)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            var bytes = json[start..(int)reader.BytesConsumed];
            try
            {
                items.Add(JsonSerializer.Deserialize(bytes, type) ?? throw new JsonException("It is null."));
            }
            catch (Exception e) when (UndecodableItem.IsMisfit(e))
            {
                var scan = ObjectScan.Of(bytes);
                undecodable.Add(new(scan.Namespace, scan.Name ?? "", e.Message));
            }
        }
    }

    private static (string? ResourceVersion, string? Continue) DecodeMetadata(ref Utf8JsonReader reader)
    {
        string? resourceVersion = null;
        string? token = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isVersion = reader.ValueTextEquals("resourceVersion"u8);
            var isContinue = reader.ValueTextEquals("continue"u8);
            reader.Read();
            if (isVersion)
            {
                resourceVersion = reader.GetString();
            }
            else if (isContinue)
            {
                token = reader.GetString() is { Length: > 0 } text ? text : null;
            }
            else
            {
                reader.Skip();
            }
        }

        return (resourceVersion, token);
    }
}
