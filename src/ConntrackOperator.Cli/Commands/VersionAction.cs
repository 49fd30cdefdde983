using System.CommandLine;
using System.CommandLine.Invocation;
using ConntrackOperator.Engine;

namespace ConntrackOperator.Cli.Commands;

/// <summary>What <c>--version</c> does: the same as the command <c>version</c>.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        Console.Out.WriteLine(EngineVersion.Text);
        return ExitCode.InSync;
    }
}
