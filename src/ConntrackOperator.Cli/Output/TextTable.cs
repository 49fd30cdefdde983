using Spectre.Console;

namespace ConntrackOperator.Cli.Output;

/// <summary>A table: aligned plain text, or on a terminal one whose states have colours and whose last column wraps.</summary>
internal sealed class TextTable
{
    private const string Gap = "   ";

    private readonly string[] _headers;
    private readonly List<string[]> _rows = [];

    /// <summary>Names the columns. A header that begins with '&gt;' is of numbers, aligned to the right.</summary>
    public TextTable(params string[] headers) => _headers = headers;

    public void Add(params string[] cells) => _rows.Add(cells);

    public void Print()
    {
        if (Terminal.IsRich)
        {
            PrintColoured();
        }
        else
        {
            Console.Out.Write(Plain());
        }
    }

    internal string Plain()
    {
        var widths = _headers.Select((h, i) => Math.Max(Name(h).Length, _rows.Count == 0 ? 0 : _rows.Max(r => r[i].Length))).ToArray();
        var text = new System.Text.StringBuilder();
        foreach (var row in _rows.Prepend([.. _headers.Select(Name)]))
        {
            var line = string.Join(
                Gap, row.Select((cell, i) => IsNumber(_headers[i]) ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i])));
            text.Append(line.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    private void PrintColoured()
    {
        var table = new Table { Border = TableBorder.None, ShowRowSeparators = false };
        for (var i = 0; i < _headers.Length; i++)
        {
            var column = new TableColumn($"[bold]{Markup.Escape(Name(_headers[i]))}[/]") { NoWrap = i < _headers.Length - 1 };
            table.AddColumn(IsNumber(_headers[i]) ? column.RightAligned() : column);
        }

        foreach (var row in _rows)
        {
            table.AddRow([.. row.Select(cell => Colour(cell) is { } colour ? $"[{colour}]{Markup.Escape(cell)}[/]" : Markup.Escape(cell))]);
        }

        AnsiConsole.Write(table);
    }

    private static string? Colour(string cell) => cell switch
    {
        "InSync" or "True" or "Restored" => "green",
        "Failed" or "ReadOnly" or "Contested" or "Critical" or "False" or "Refused" or "ModuleNotLoaded" => "red",
        "Held" or "Pending" or "Warning" or "Unknown" => "yellow",
        "NotSupported" or "Observed" => "grey",
        _ => null,
    };

    private static string Name(string header) => header.TrimStart('>');

    private static bool IsNumber(string header) => header[0] == '>';
}
