using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ConntrackOperator.Kubernetes.Logging;

/// <summary>
/// One JSON object a line: time, level, message, error, what the program always adds, and trace_id and span_id while there is
/// a trace. Safe for concurrent use.
/// </summary>
/// <param name="output">Where the lines go: standard output.</param>
/// <param name="time">For the time.</param>
/// <param name="level">What matters less is not written.</param>
/// <param name="always">A field of every line, such as the node; null: none.</param>
public sealed class JsonLineLog(Stream output, TimeProvider time, LogLevel level, (string Name, string Value)? always = null) : IRuntimeLog
{
    // The lines go to a log, not into a web page: quotes need not read \u0022.
    private static readonly JsonWriterOptions _readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _lock = new();

    /// <inheritdoc />
    public void Debug(string message) => Write(LogLevel.Debug, message, null);

    /// <inheritdoc />
    public void Info(string message) => Write(LogLevel.Info, message, null);

    /// <inheritdoc />
    public void Warn(string message, Exception? exception) => Write(LogLevel.Warning, message, exception);

    private static string Name(LogLevel level) => level switch
    {
        LogLevel.Debug => "debug",
        LogLevel.Info => "info",
        _ => "warning",
    };

    private void Write(LogLevel of, string message, Exception? exception)
    {
        if (of < level)
        {
            return;
        }

        using var line = new MemoryStream(256);
        using (var json = new Utf8JsonWriter(line, _readable))
        {
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow().UtcDateTime);
            json.WriteString("level", Name(of));
            if (always is { } field)
            {
                json.WriteString(field.Name, field.Value);
            }

            json.WriteString("message", message);
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
                // Nobody reads standard output any more: the agent's work goes on.
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
