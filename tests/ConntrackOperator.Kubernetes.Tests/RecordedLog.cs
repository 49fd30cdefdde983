using System.Collections.Concurrent;

namespace ConntrackOperator.Kubernetes.Tests;

internal sealed class RecordedLog : IRuntimeLog
{
    public ConcurrentQueue<string> Infos { get; } = new();

    public ConcurrentQueue<string> Warnings { get; } = new();

    public void Debug(string message)
    {
    }

    public void Info(string message) => Infos.Enqueue(message);

    public void Warn(string message, Exception? exception) => Warnings.Enqueue(message);
}
