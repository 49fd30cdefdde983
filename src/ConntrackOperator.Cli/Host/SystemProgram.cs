using System.ComponentModel;
using System.Diagnostics;

namespace ConntrackOperator.Cli.Host;

/// <summary>What a program said.</summary>
internal sealed record ProgramResult(int ExitCode, string Output, string Error);

/// <summary>Runs the programs that keep the rules.</summary>
internal static class SystemProgram
{
    // Where they are when PATH is a plain user's.
    private static readonly string[] _more = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

    /// <summary>Runs it to its end; null when it is not installed.</summary>
    public static ProgramResult? TryRun(string name, IReadOnlyList<string> arguments, string? input = null)
    {
        if (Find(name) is not { } path)
        {
            return null;
        }

        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        try
        {
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            try
            {
                process.StandardInput.Write(input ?? string.Empty);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended before it had read everything; its exit code says why.
            }

            process.WaitForExit();
            return new ProgramResult(process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult().Trim());
        }
        catch (Win32Exception e)
        {
            return new ProgramResult(126, string.Empty, e.Message);
        }
    }

    private static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Concat(_more).Select(directory => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
}
