using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using ConntrackOperator.Cli.Crd;

namespace ConntrackOperator.Cli.Output;

/// <summary>Prints objects as JSON or YAML.</summary>
internal static class ObjectWriter
{
    private static readonly JsonWriterOptions _json = new()
    {
        Indented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Prints one object.</summary>
    public static void Write<T>(T value, JsonTypeInfo<T> json, OutputFormat format) =>
        Write(JsonSerializer.SerializeToNode(value, json)!.AsObject(), format);

    /// <summary>Prints one tree.</summary>
    public static void Write(JsonObject tree, OutputFormat format)
    {
        if (format == OutputFormat.Yaml)
        {
            Console.Out.Write(YamlWriter.Write(tree));
            return;
        }

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, _json))
        {
            tree.WriteTo(writer);
        }

        Console.Out.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }
}
