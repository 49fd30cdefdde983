using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Kubernetes.Logging;

/// <summary>
/// One JSON object a line: time, level, event (the message's name), message, each value of the message as a field of its own,
/// error, and trace_id and span_id while there is a trace. So a log can be asked for all lines of a policy or a node.
/// Safe for concurrent use.
/// </summary>
/// <param name="output">Where the lines go: standard output.</param>
/// <param name="time">The clock of the field time.</param>
/// <param name="level">The lowest level that is written.</param>
/// <param name="always">A field of every line, such as the node; it wins over a value of the same name. Null: none.</param>
public sealed class JsonLineLogger(Stream output, TimeProvider time, LogLevel level, (string Name, string Value)? always = null) : ILogger
{
    // How the source-generated messages hand over their template.
    private const string Template = "{OriginalFormat}";

    // The lines go to a log, not into a web page: quotes need not read \u0022.
    private static readonly JsonWriterOptions _readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // A value of a message may not stand in for one of these.
    private static readonly HashSet<string> _own = ["time", "level", "event", "message", "error", "trace_id", "span_id"];

    private readonly Lock _lock = new();

    /// <inheritdoc />
    public bool IsEnabled(LogLevel logLevel) => logLevel >= level && logLevel != LogLevel.None;

    /// <summary>Scopes are not written.</summary>
    /// <param name="state">Not used.</param>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc />
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        if (!IsEnabled(logLevel))
        {
            return;
        }

        using var line = new MemoryStream(256);
        using (var json = new Utf8JsonWriter(line, _readable))
        {
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow().UtcDateTime);
            json.WriteString("level", Name(logLevel));
            if (always is { } field)
            {
                json.WriteString(field.Name, field.Value);
            }

            if (eventId.Name is { } name)
            {
                json.WriteString("event", name);
            }

            json.WriteString("message", formatter(state, exception));
            WriteValues(json, state as IReadOnlyList<KeyValuePair<string, object?>>);
            if (exception is not null)
            {
                json.WriteString("error", Describe(exception));
            }

            if (Activity.Current is { } span)
            {
                json.WriteString("trace_id", span.TraceId.ToHexString());
                json.WriteString("span_id", span.SpanId.ToHexString());
            }

            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        lock (_lock)
        {
            try
            {
                line.WriteTo(output);
                output.Flush();
            }
            catch (IOException)
            {
                // Nobody reads standard output any more: the program's work goes on.
            }
        }
    }

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        _ => "error",
    };

    private void WriteValues(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>>? values)
    {
        // By index: an enumerator would be allocated for each line.
        for (var i = 0; i < (values?.Count ?? 0); i++)
        {
            var (key, value) = values![i];
            var name = JsonNamingPolicy.CamelCase.ConvertName(key);
            if (key == Template || _own.Contains(name) || name == always?.Name)
            {
                continue;
            }

            switch (value)
            {
                case null: json.WriteNull(name); break;
                case bool flag: json.WriteBoolean(name, flag); break;
                case int number: json.WriteNumber(name, number); break;
                case long number: json.WriteNumber(name, number); break;
                case double number when double.IsFinite(number): json.WriteNumber(name, number); break;
                default: json.WriteString(name, value.ToString()); break;
            }
        }
    }

    private static string Describe(Exception exception)
    {
        var text = new StringBuilder(exception.Message);
        for (var inner = exception.InnerException; inner is not null; inner = inner.InnerException)
        {
            text.Append(": ").Append(inner.Message);
        }

        return text.ToString();
    }
}
