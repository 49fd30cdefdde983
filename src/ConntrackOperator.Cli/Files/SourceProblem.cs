namespace ConntrackOperator.Cli.Files;

/// <summary>A place of a file and what is wrong there, before there are fields.</summary>
internal sealed record SourceProblem(int Line, int Column, string Message, string Path = "");

/// <summary>Ends the reading of a file that is not YAML or JSON any more.</summary>
internal sealed class SourceException(SourceProblem problem) : Exception(problem.Message)
{
    /// <summary>Where and what.</summary>
    internal SourceProblem Problem => problem;
}
