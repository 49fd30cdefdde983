using System.Diagnostics;

namespace ConntrackOperator.Cli.Tests;

/// <summary>What a run of the program gave.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error);

/// <summary>The built program, run as a person runs it.</summary>
internal static class CliProcess
{
    internal static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "kubectl-conntrack");

    internal static CliResult Run(params string[] arguments) => RunWith(null, null, Program, arguments);

    internal static CliResult RunWith(
        string? input, IReadOnlyDictionary<string, string>? environment, string program, params string[] arguments)
    {
        using var process = Start(environment, program, arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input ?? string.Empty);
        process.StandardInput.Close();
        if (!process.WaitForExit(TimeSpan.FromSeconds(60)))
        {
            process.Kill();
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end");
        }

        return new CliResult(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    internal static Process Start(IReadOnlyDictionary<string, string>? environment, string program, params string[] arguments)
    {
        // Started in the background of a script, the tests ignore SIGINT, and what they start would as well.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment.Remove("KUBECONFIG");
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
