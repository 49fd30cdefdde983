namespace ConntrackOperator.Cli;

/// <summary>What the process ends with.</summary>
internal static class ExitCode
{
    /// <summary>All in sync.</summary>
    public const int InSync = 0;

    /// <summary>Something went wrong that is none of the others: no cluster, no permission, another process at work.</summary>
    public const int Failure = 1;

    /// <summary>Bad input: a usage error, a file that is not valid, a policy that there is not.</summary>
    public const int BadInput = 2;

    /// <summary>Something could not be applied, or not yet.</summary>
    public const int NotApplied = 3;
}
