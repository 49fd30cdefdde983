namespace ConntrackOperator.Incidents.Machine;

/// <summary>What a program ended with, and how long it took.</summary>
internal sealed record ShellResult(int ExitCode, string Output, string Errors, TimeSpan Took);
