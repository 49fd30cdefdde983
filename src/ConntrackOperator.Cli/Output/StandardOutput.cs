using Microsoft.Win32.SafeHandles;

namespace ConntrackOperator.Cli.Output;

/// <summary>
/// Where long output goes. .NET's own stream swallows it when whoever read it has left, as <c>head</c> does after ten lines, and
/// a table of a million entries would be read to its end for nobody.
/// </summary>
internal static class StandardOutput
{
    /// <summary>The standard output; a pipe that nobody reads any more throws <see cref="OutputClosedException"/>.</summary>
    public static Stream Open() => Console.IsOutputRedirected && PipeOutput.TryOpen(new SafeFileHandle(1, ownsHandle: false)) is { } pipe
        ? pipe
        : Console.OpenStandardOutput();
}
