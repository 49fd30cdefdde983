using System.Text.Encodings.Web;
using System.Text.Json;

namespace ConntrackOperator.Planning.Formatting;

/// <summary>Writes a string as JSON does, for messages.</summary>
internal static class JsonText
{
    /// <summary>Puts a string in quotes and escapes what would break a line.</summary>
    internal static string Quote(string text) =>
        "\"" + JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping) + "\"";
}
