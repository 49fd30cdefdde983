using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Kubernetes.Tests;

/// <summary>Keeps what was logged, by its level; warnings and errors together.</summary>
internal sealed class RecordedLog : ILogger
{
    public ConcurrentQueue<string> Warnings { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            Warnings.Enqueue(formatter(state, exception));
        }
    }
}
