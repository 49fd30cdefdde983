using System.Diagnostics;

namespace ConntrackOperator.Incidents.Machine;

/// <summary>Runs programs to their end.</summary>
internal static class Shell
{
    /// <summary>Standard output of a program.</summary>
    /// <exception cref="InvalidOperationException">It failed; its own words are in the message.</exception>
    internal static string Run(string program, IEnumerable<string> arguments, string? input = null)
    {
        var result = Try(program, arguments, input);
        return result.ExitCode == 0
            ? result.Output
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)}: exit code {result.ExitCode}: {result.Errors.Trim()}");
    }

    internal static ShellResult Try(
        string program, IEnumerable<string> arguments, string? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input ?? "");
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it had read everything; its exit code says why.
        }

        process.WaitForExit();
        return new ShellResult(process.ExitCode, output.Result, errors.Result, watch.Elapsed);
    }
}
