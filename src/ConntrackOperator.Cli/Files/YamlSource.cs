using ConntrackOperator.Cluster.Yaml;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ConntrackOperator.Cli.Files;

/// <summary>Reads YAML documents into nodes that know their lines.</summary>
internal sealed class YamlSource
{
    /// <summary>How deep lists and maps may stand in each other.</summary>
    internal const int MaximumDepth = 64;

    /// <summary>How many nodes a document may have, those that aliases repeat included.</summary>
    internal const int MaximumNodes = 100_000;

    private const string TagPrefix = "tag:yaml.org,2002:";

    private readonly Parser _parser;
    private readonly List<SourceProblem> _problems;
    private readonly Dictionary<string, (SourceNode? Node, int Size)> _anchors = new(StringComparer.Ordinal);
    private int _nodes;

    private YamlSource(TextReader reader, List<SourceProblem> problems)
    {
        _parser = new Parser(reader);
        _problems = problems;
    }

    /// <summary>Reads all documents; what is wrong but does not end the reading (duplicate keys) goes to problems.</summary>
    /// <exception cref="SourceException">The text is not YAML from some place on, or too large when aliases are followed.</exception>
    internal static IEnumerable<SourceNode> Read(TextReader reader, List<SourceProblem> problems)
    {
        var source = new YamlSource(reader, problems);
        while (source.Document() is { } document)
        {
            yield return document;
        }
    }

    private SourceNode? Document()
    {
        try
        {
            while (_parser.MoveNext())
            {
                if (_parser.Current is DocumentStart)
                {
                    _anchors.Clear();
                    _nodes = 0;
                    Next();
                    return Node(0, string.Empty);
                }
            }

            return null;
        }
        catch (YamlException error)
        {
            // The end is where the problem was found, the start where the construct around it begins.
            throw new SourceException(new((int)error.End.Line, (int)error.End.Column, "not valid YAML: " + error.Message));
        }
    }

    private ParsingEvent Next() => _parser.MoveNext() && _parser.Current is { } current
        ? current
        : throw new YamlException("the document ends too early");

    private SourceNode Node(int depth, string path)
    {
        var current = _parser.Current!;
        var (line, column) = ((int)current.Start.Line, (int)current.Start.Column);
        if (depth > MaximumDepth)
        {
            throw new SourceException(new(line, column, $"nested deeper than {MaximumDepth} levels"));
        }

        if (current is AnchorAlias alias)
        {
            return Alias(alias.Value.Value, line, column);
        }

        var before = _nodes;
        Count(1, line, column);
        var anchor = ((NodeEvent)current).Anchor is { IsEmpty: false } name ? name.Value : null;
        if (anchor is not null)
        {
            _anchors[anchor] = (null, 0);
        }

        SourceNode node = current switch
        {
            Scalar scalar => Scalar(scalar, line, column),
            SequenceStart => List(depth, path, line, column),
            MappingStart => Map(depth, path, line, column),
            _ => throw new YamlException(current.Start, current.End, "a value is missing"),
        };
        if (anchor is not null)
        {
            _anchors[anchor] = (node, _nodes - before);
        }

        return node;
    }

    private SourceNode Alias(string name, int line, int column)
    {
        if (!_anchors.TryGetValue(name, out var target))
        {
            throw new SourceException(new(line, column, $"unknown anchor '{name}'"));
        }

        if (target.Node is null)
        {
            throw new SourceException(new(line, column, $"anchor '{name}' value contains itself"));
        }

        Count(target.Size, line, column);
        return target.Node;
    }

    private void Count(int more, int line, int column)
    {
        _nodes += more;
        if (_nodes > MaximumNodes)
        {
            throw new SourceException(new(
                line, column, $"more than {MaximumNodes} values when aliases are followed"));
        }
    }

    private ListNode List(int depth, string path, int line, int column)
    {
        var items = new List<SourceNode>();
        while (Next() is not SequenceEnd)
        {
            items.Add(Node(depth + 1, $"{path}[{items.Count}]"));
        }

        return new ListNode(items, line, column);
    }

    private MapNode Map(int depth, string path, int line, int column)
    {
        var entries = new List<MapEntry>();
        var merged = new List<MapEntry>();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        while (Next() is not MappingEnd)
        {
            var (keyLine, keyColumn) = ((int)_parser.Current!.Start.Line, (int)_parser.Current.Start.Column);
            if (_parser.Current is Scalar { Value: "<<", Style: ScalarStyle.Plain })
            {
                Next();
                Merge(Node(depth + 1, path), merged, keyLine, keyColumn);
                continue;
            }

            var key = Key(Node(depth + 1, path), keyLine, keyColumn);
            Next();
            var value = Node(depth + 1, Join(path, key));
            Add(new MapEntry(key, value, keyLine, keyColumn));
        }

        // The API server (strict goyaml.v2) takes a key that is both set and merged in for a duplicate, too.
        foreach (var entry in merged)
        {
            Add(entry);
        }

        return new MapNode(entries, line, column);

        void Add(MapEntry entry)
        {
            if (seen.TryAdd(entry.Key, entry.Line))
            {
                entries.Add(entry);
            }
            else
            {
                _problems.Add(Duplicate(entry, seen[entry.Key], path));
            }
        }
    }

    /// <summary>A key that is set twice.</summary>
    internal static SourceProblem Duplicate(MapEntry entry, int firstLine, string path) => new(
        entry.Line,
        entry.Column,
        $"key \"{entry.Key}\" already set in map, in line {firstLine} (column {entry.Column})",
        Join(path, entry.Key));

    /// <summary>The path of a field below another.</summary>
    internal static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    private static void Merge(SourceNode value, List<MapEntry> merged, int line, int column)
    {
        foreach (var part in value is ListNode list ? list.Items : [value])
        {
            merged.AddRange(part is MapNode map
                ? map.Entries
                : throw new SourceException(new(line, column, "map merge (<<) requires a map or a list of maps as the value")));
        }
    }

    private static string Key(SourceNode node, int line, int column) => node switch
    {
        TextNode text => text.Value,
        BooleanNode flag => flag.Value ? "true" : "false",
        IntegerNode number => number.Value.ToString(),
        NumberNode number => number.Value.ToString("R"),
        _ => throw new SourceException(new(line, column, $"a key must be a string, not {node.TypeName}")),
    };

    private static SourceNode Scalar(Scalar scalar, int line, int column)
    {
        var tag = scalar.Tag.IsEmpty ? null : scalar.Tag.Value.Replace(TagPrefix, string.Empty, StringComparison.Ordinal);
        if (tag is null && scalar.Style == ScalarStyle.Plain)
        {
            return Plain(scalar.Value, line, column);
        }

        if (tag is not ("int" or "float" or "bool" or "null"))
        {
            return new TextNode(scalar.Value, line, column);
        }

        var node = Plain(scalar.Value, line, column);
        var fits = tag switch
        {
            "int" => node is IntegerNode,
            "float" => node is IntegerNode or NumberNode,
            "bool" => node is BooleanNode,
            _ => node is NullNode,
        };
        return fits ? node : throw new SourceException(new(line, column, $"cannot decode {scalar.Value} as a !!{tag}"));
    }

    private static SourceNode Plain(string text, int line, int column)
    {
        try
        {
            return SourceNode.Of(YamlScalar.Resolve(text), line, column);
        }
        catch (FormatException e)
        {
            throw new SourceException(new(line, column, e.Message));
        }
    }
}
