using ConntrackOperator.Kubernetes;
using Microsoft.Extensions.Logging;
using LogLevel = ConntrackOperator.Kubernetes.Logging.LogLevel;

namespace ConntrackOperator.Telemetry.Logging;

/// <summary>A log that goes on to OpenTelemetry, with the trace and span of the moment.</summary>
internal sealed partial class OtlpLog(IRuntimeLog inner, ILogger logger, LogLevel level) : IRuntimeLog
{
    public void Debug(string message)
    {
        inner.Debug(message);
        if (level <= LogLevel.Debug)
        {
            SendDebug(logger, message);
        }
    }

    public void Info(string message)
    {
        inner.Info(message);
        if (level <= LogLevel.Info)
        {
            SendInfo(logger, message);
        }
    }

    public void Warn(string message, Exception? exception)
    {
        inner.Warn(message, exception);
        SendWarning(logger, message, exception);
    }

    [LoggerMessage(1, Microsoft.Extensions.Logging.LogLevel.Debug, "{Message}")]
    private static partial void SendDebug(ILogger logger, string message);

    [LoggerMessage(2, Microsoft.Extensions.Logging.LogLevel.Information, "{Message}")]
    private static partial void SendInfo(ILogger logger, string message);

    [LoggerMessage(3, Microsoft.Extensions.Logging.LogLevel.Warning, "{Message}")]
    private static partial void SendWarning(ILogger logger, string message, Exception? exception);
}
