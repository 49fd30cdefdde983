using System.Buffers.Text;

namespace ConntrackOperator.Netfilter.Counters;

/// <summary>
/// /proc/net/stat/nf_conntrack: a line of names, then a line of hexadecimal numbers a CPU (ct_cpu_seq_show in
/// net/netfilter/nf_conntrack_standalone.c). Columns came and went with the versions, so they are read by name.
/// </summary>
internal static class StatFile
{
    private const int Unknown = -1;
    private const int Entries = -2;

    /// <summary>Reads the rows into <paramref name="rows"/>, numbering CPUs by line: the file does not name them.</summary>
    /// <returns>False when this is not such a file.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> text, List<CounterRow> rows) => TryParse(text, rows, out _);

    /// <inheritdoc cref="TryParse(ReadOnlySpan{byte}, List{CounterRow})"/>
    /// <param name="text">The file.</param>
    /// <param name="rows">A row a CPU.</param>
    /// <param name="entries">Entries in the table, which each line repeats; 0 where the file does not say.</param>
    internal static bool TryParse(ReadOnlySpan<byte> text, List<CounterRow> rows, out long entries)
    {
        rows.Clear();
        entries = 0;
        Span<int> columns = stackalloc int[64];
        var count = 0;
        var header = NextLine(ref text);
        while (NextField(ref header) is { IsEmpty: false } name)
        {
            if (count == columns.Length)
            {
                return false;
            }

            columns[count++] = FieldOf(name);
        }

        if (!columns[..count].Contains((int)CounterField.Drop))
        {
            return false;
        }

        while (!text.IsEmpty)
        {
            var line = NextLine(ref text);
            var row = new CounterRow { Cpu = rows.Count };
            var column = 0;
            while (NextField(ref line) is { IsEmpty: false } field)
            {
                if (column < count && columns[column] != Unknown)
                {
                    if (!Utf8Parser.TryParse(field, out uint value, out var used, 'x') || used != field.Length)
                    {
                        return false;
                    }

                    if (columns[column] == Entries)
                    {
                        entries = value;
                    }
                    else
                    {
                        row[(CounterField)columns[column]] = value;
                    }
                }

                column++;
            }

            if (column > 0)
            {
                rows.Add(row);
            }
        }

        return rows.Count > 0;
    }

    private static int FieldOf(ReadOnlySpan<byte> name) => name switch
    {
        _ when name.SequenceEqual("found"u8) => (int)CounterField.Found,
        _ when name.SequenceEqual("invalid"u8) => (int)CounterField.Invalid,
        _ when name.SequenceEqual("ignore"u8) => (int)CounterField.Ignore,
        _ when name.SequenceEqual("insert"u8) => (int)CounterField.Insert,
        _ when name.SequenceEqual("insert_failed"u8) => (int)CounterField.InsertFailed,
        _ when name.SequenceEqual("delete"u8) => (int)CounterField.Delete,
        _ when name.SequenceEqual("drop"u8) => (int)CounterField.Drop,
        _ when name.SequenceEqual("early_drop"u8) => (int)CounterField.EarlyDrop,
        _ when name.SequenceEqual("icmp_error"u8) => (int)CounterField.Error,
        _ when name.SequenceEqual("search_restart"u8) => (int)CounterField.SearchRestart,
        _ when name.SequenceEqual("clashres"u8) => (int)CounterField.ClashResolve,
        _ when name.SequenceEqual("chainlength"u8) => (int)CounterField.ChainTooLong,
        _ when name.SequenceEqual("entries"u8) => Entries,
        _ => Unknown,
    };

    private static ReadOnlySpan<byte> NextLine(ref ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf((byte)'\n');
        var line = end < 0 ? text : text[..end];
        text = end < 0 ? [] : text[(end + 1)..];
        return line;
    }

    private static ReadOnlySpan<byte> NextField(ref ReadOnlySpan<byte> line)
    {
        line = line.TrimStart(" \t\r"u8);
        var end = line.IndexOfAny((byte)' ', (byte)'\t', (byte)'\r');
        var field = end < 0 ? line : line[..end];
        line = end < 0 ? [] : line[end..];
        return field;
    }
}
