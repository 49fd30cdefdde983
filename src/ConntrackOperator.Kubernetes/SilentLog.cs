namespace ConntrackOperator.Kubernetes;

/// <summary>A log that keeps nothing: what is used when none is given.</summary>
public sealed class SilentLog : IRuntimeLog
{
    /// <summary>The one instance.</summary>
    public static SilentLog Instance { get; } = new();

    private SilentLog()
    {
    }

    /// <inheritdoc/>
    public void Debug(string message)
    {
    }

    /// <inheritdoc/>
    public void Info(string message)
    {
    }

    /// <inheritdoc/>
    public void Warn(string message, Exception? exception)
    {
    }
}
