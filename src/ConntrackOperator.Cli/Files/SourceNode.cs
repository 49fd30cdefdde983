namespace ConntrackOperator.Cli.Files;

/// <summary>A value of a file and where it stands.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The column, from 1.</param>
internal abstract record SourceNode(int Line, int Column)
{
    /// <summary>The type's name as in OpenAPI.</summary>
    internal abstract string TypeName { get; }

    /// <summary>The node of a scalar.</summary>
    /// <param name="value">Null, a bool, a long, a double or a string.</param>
    /// <param name="line">The line, from 1.</param>
    /// <param name="column">The column, from 1.</param>
    internal static SourceNode Of(object? value, int line, int column) => value switch
    {
        null => new NullNode(line, column),
        bool flag => new BooleanNode(flag, line, column),
        long number => new IntegerNode(number, line, column),
        double number => new NumberNode(number, line, column),
        _ => new TextNode((string)value, line, column),
    };
}

/// <summary>Nothing: the field counts as left out.</summary>
internal sealed record NullNode(int Line, int Column) : SourceNode(Line, Column)
{
    internal override string TypeName => "null";
}

/// <summary>True or false.</summary>
internal sealed record BooleanNode(bool Value, int Line, int Column) : SourceNode(Line, Column)
{
    internal override string TypeName => "boolean";
}

/// <summary>A whole number of 64 bits.</summary>
internal sealed record IntegerNode(long Value, int Line, int Column) : SourceNode(Line, Column)
{
    internal override string TypeName => "integer";
}

/// <summary>Any other number.</summary>
internal sealed record NumberNode(double Value, int Line, int Column) : SourceNode(Line, Column)
{
    internal override string TypeName => "number";
}

/// <summary>A string.</summary>
internal sealed record TextNode(string Value, int Line, int Column) : SourceNode(Line, Column)
{
    internal override string TypeName => "string";
}

/// <summary>A list.</summary>
internal sealed record ListNode(IReadOnlyList<SourceNode> Items, int Line, int Column) : SourceNode(Line, Column)
{
    internal override string TypeName => "array";
}

/// <summary>A map, in the order of the file.</summary>
internal sealed record MapNode(IReadOnlyList<MapEntry> Entries, int Line, int Column) : SourceNode(Line, Column)
{
    internal override string TypeName => "object";

    /// <summary>The value of a key; null when it is not there.</summary>
    internal SourceNode? Find(string key) => Entries.FirstOrDefault(entry => entry.Key == key)?.Value;
}

/// <summary>One entry of a map, at the place of its key.</summary>
internal sealed record MapEntry(string Key, SourceNode Value, int Line, int Column);
