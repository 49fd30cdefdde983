using System.Text;
using System.Text.Json;
using ConntrackOperator.Kubernetes;

namespace ConntrackOperator.Agent.Logging;

/// <summary>One JSON object a line on standard output.</summary>
internal sealed class JsonLineLog(Stream output, TimeProvider time, bool verbose, string node) : IRuntimeLog
{
    private readonly Lock _lock = new();

    public void Info(string message)
    {
        if (verbose)
        {
            Write("info", message, null);
        }
    }

    /// <summary>Told whether verbose or not: what an administrator wants to find.</summary>
    public void Notice(string message) => Write("info", message, null);

    public void Warn(string message, Exception? exception) => Write("warning", message, exception);

    private void Write(string level, string message, Exception? exception)
    {
        using var line = new MemoryStream(256);
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow().UtcDateTime);
            json.WriteString("level", level);
            json.WriteString("node", node);
            json.WriteString("message", message);
            if (exception is not null)
            {
                json.WriteString("error", Describe(exception));
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
