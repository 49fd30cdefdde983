namespace ConntrackOperator.Netfilter;

/// <summary>What files and directories fail with.</summary>
public static class IoFailure
{
    /// <summary>
    /// Whether a file or directory could not be read or written: it is not there, the kernel refuses, or rights are lacking.
    /// </summary>
    /// <param name="error">What was thrown.</param>
    public static bool IsIoFailure(this Exception error) => error is IOException or UnauthorizedAccessException;
}
