namespace ConntrackOperator.Kubernetes.WorkQueues;

/// <summary>A part of the program that has to run as long as the program does has ended or failed. So should the process.</summary>
public sealed class PartEndedException : Exception
{
    /// <summary>Creates it.</summary>
    /// <param name="part">Which part.</param>
    /// <param name="cause">What it threw; null: it ended by itself.</param>
    public PartEndedException(string part, Exception? cause)
        : base(
            cause is null ? $"{part} ended, which it never should" : $"{part} failed: {cause.GetType().Name}: {cause.Message}", cause) =>
                Part = part;

    /// <summary>Which part.</summary>
    public string Part { get; }
}
