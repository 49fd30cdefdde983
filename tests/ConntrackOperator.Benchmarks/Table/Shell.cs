using System.Diagnostics;

namespace ConntrackOperator.Benchmarks.Table;

/// <summary>Runs programs.</summary>
internal static class Shell
{
    /// <summary>Runs a program to its end and gives its standard output.</summary>
    /// <exception cref="InvalidOperationException">It failed; its own words are in the message.</exception>
    internal static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}: {errors.Result.Trim()}");
    }

    /// <summary>What a shell command takes.</summary>
    internal static Taken Time(string command)
    {
        var (watch, cpu) = (Stopwatch.StartNew(), CpuTime.OfChildren());
        Run("/bin/sh", "-c", command);
        return new Taken(watch.Elapsed.TotalSeconds, CpuTime.OfChildren() - cpu);
    }
}
