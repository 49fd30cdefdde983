namespace ConntrackOperator.Kubernetes.LeaderElection;

/// <summary>The lease was lost while its holder worked. The work has ended; so should the process.</summary>
public sealed class LeaseLostException : Exception
{
    /// <summary>Creates it.</summary>
    public LeaseLostException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
