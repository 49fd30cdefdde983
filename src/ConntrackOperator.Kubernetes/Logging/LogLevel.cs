namespace ConntrackOperator.Kubernetes.Logging;

/// <summary>How much a line matters. What is below the level that a program was told is not written.</summary>
public enum LogLevel
{
    /// <summary>Every step, for those who look for a fault in the program itself.</summary>
    Debug,

    /// <summary>Something ordinary that is worth a line: a plan arrived, a lease was taken.</summary>
    Info,

    /// <summary>Something failed; the program goes on and tries again, unless the message says otherwise.</summary>
    Warning,
}
