using System.Buffers.Text;
using System.Text;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>
/// JSON that is YAML as well: the API server reads what is applied as YAML, where a character beyond the first 65,536 that is
/// escaped in two halves, as System.Text.Json always does, is an error that refuses the whole object.
/// </summary>
internal static class YamlSafeJson
{
    private const int EscapeLength = 6;

    /// <summary>Puts each character that is escaped in two halves in its place.</summary>
    /// <param name="json">JSON as System.Text.Json writes it.</param>
    public static byte[] Of(byte[] json)
    {
        if (json.AsSpan().IndexOf("\\uD"u8) < 0)
        {
            return json;
        }

        var result = new byte[json.Length];
        var length = 0;
        for (var at = 0; at < json.Length;)
        {
            if (Half(json, at) is { } high && char.IsHighSurrogate(high) && Half(json, at + EscapeLength) is { } low
                && char.IsLowSurrogate(low))
            {
                length += new Rune(high, low).EncodeToUtf8(result.AsSpan(length));
                at += 2 * EscapeLength;
            }
            else
            {
                // What is escaped is two bytes at least: a backslash that is one itself begins nothing.
                var taken = json[at] == '\\' ? 2 : 1;
                json.AsSpan(at, taken).CopyTo(result.AsSpan(length));
                (at, length) = (at + taken, length + taken);
            }
        }

        return result[..length];
    }

    private static char? Half(byte[] json, int at) =>
        at + EscapeLength <= json.Length && json[at] == '\\' && json[at + 1] == 'u'
        && Utf8Parser.TryParse(json.AsSpan(at + 2, EscapeLength - 2), out ushort code, out var read, 'X') && read == EscapeLength - 2
            ? (char)code
            : null;
}
