using System.Text;
using System.Text.Json;
using ConntrackOperator.Cluster.Yaml;

namespace ConntrackOperator.Cli.Files;

/// <summary>Reads JSON documents, one after the other, into nodes that know their lines.</summary>
internal static class JsonSource
{
    /// <summary>Reads all documents.</summary>
    /// <exception cref="JsonException">The text is not JSON.</exception>
    internal static List<SourceNode> Read(string text, List<SourceProblem> problems)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var lines = new LineIndex(bytes);
        var documents = new List<SourceNode>();
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = YamlSource.MaximumDepth });
        while (reader.Read())
        {
            documents.Add(Node(ref reader, lines, problems, string.Empty));
        }

        return documents;
    }

    private static SourceNode Node(ref Utf8JsonReader reader, LineIndex lines, List<SourceProblem> problems, string path)
    {
        var (line, column) = lines.Locate(reader.TokenStartIndex);
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return Map(ref reader, lines, problems, path, line, column);
            case JsonTokenType.StartArray:
                var items = new List<SourceNode>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(Node(ref reader, lines, problems, $"{path}[{items.Count}]"));
                }

                return new ListNode(items, line, column);
            case JsonTokenType.String:
                return new TextNode(Text(ref reader, line, column), line, column);
            case JsonTokenType.Number:
                return reader.TryGetInt64(out var integer)
                    ? new IntegerNode(integer, line, column)
                    : SourceNode.Of(Number(reader.GetDouble(), line, column), line, column);
            case JsonTokenType.True or JsonTokenType.False:
                return new BooleanNode(reader.TokenType == JsonTokenType.True, line, column);
            default:
                return new NullNode(line, column);
        }
    }

    private static MapNode Map(ref Utf8JsonReader reader, LineIndex lines, List<SourceProblem> problems, string path, int line, int column)
    {
        var entries = new List<MapEntry>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var (keyLine, keyColumn) = lines.Locate(reader.TokenStartIndex);
            var key = Text(ref reader, keyLine, keyColumn);
            reader.Read();
            var entry = new MapEntry(key, Node(ref reader, lines, problems, YamlSource.Join(path, key)), keyLine, keyColumn);
            if (entries.Find(other => other.Key == key) is { } first)
            {
                problems.Add(YamlSource.Duplicate(entry, first.Line, path));
            }
            else
            {
                entries.Add(entry);
            }
        }

        return new MapNode(entries, line, column);
    }

    private static object Number(double value, int line, int column) => double.IsFinite(value) ? YamlScalar.Number(value)
        : throw new SourceException(new SourceProblem(line, column, "not a number that can be read: it is too large"));

    // An escape of half a character.
    private static string Text(ref Utf8JsonReader reader, int line, int column)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new SourceException(new SourceProblem(line, column, "not valid JSON: an escape of half a surrogate pair"));
        }
    }

    private sealed class LineIndex
    {
        private readonly List<int> _starts = [0];

        internal LineIndex(byte[] bytes)
        {
            for (var i = 0; i < bytes.Length; i++)
            {
                if (bytes[i] == '\n')
                {
                    _starts.Add(i + 1);
                }
            }
        }

        internal (int Line, int Column) Locate(long position)
        {
            var at = _starts.BinarySearch((int)position);
            var line = at >= 0 ? at : ~at - 1;
            return (line + 1, (int)position - _starts[line] + 1);
        }
    }
}
