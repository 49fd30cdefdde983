using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Telemetry.Logging;

/// <summary>Hands each line to two logs: standard output's, which decides by its level, and OpenTelemetry's.</summary>
/// <param name="lines">The log of standard output.</param>
/// <param name="otlp">The log that is sent, with the values of each message as attributes.</param>
internal sealed class TeeLogger(ILogger lines, ILogger otlp) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => lines.IsEnabled(logLevel);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        lines.Log(logLevel, eventId, state, exception, formatter);
        otlp.Log(logLevel, eventId, state, exception, formatter);
    }
}
