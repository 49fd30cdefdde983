namespace ConntrackOperator.Cli.Files;

/// <summary>What is wrong at one place of a policy file.</summary>
/// <param name="File">The file as it was named; &lt;stdin&gt; for the standard input.</param>
/// <param name="Line">The line, from 1; 0 when the file as a whole is meant.</param>
/// <param name="Column">The column, from 1; 0 when the file as a whole is meant.</param>
/// <param name="Path">The field, such as spec.timeouts.tcp.established; empty when there is none.</param>
/// <param name="Message">What is wrong, with the value, and what is allowed.</param>
public sealed record PolicyFileError(string File, int Line, int Column, string Path, string Message)
{
    /// <summary>
    /// The error as compilers write theirs: <c>policy.yaml:12: spec.timeouts.generic: Invalid value: "5d": must be …</c>.
    /// </summary>
    /// <returns>One line.</returns>
    public override string ToString()
    {
        var place = Line > 0 ? $"{File}:{Line}: " : $"{File}: ";
        return Path.Length > 0 ? $"{place}{Path}: {Message}" : place + Message;
    }
}
