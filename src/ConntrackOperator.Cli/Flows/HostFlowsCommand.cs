using ConntrackOperator.Cli.Output;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Formatting;

namespace ConntrackOperator.Cli.Flows;

/// <summary>The command <c>host flows</c>: entries go out as they come in, so its memory does not depend on the table's size.</summary>
internal static class HostFlowsCommand
{
    public static int Run(FlowFilter filter, FlowSource source, string format, long limit, CancellationToken cancel)
    {
        if (limit <= 0)
        {
            throw new CliException(ExitCode.BadInput, "--limit: must be at least 1");
        }

        using var output = StandardOutput.Open();
        using IFlowWriter writer = format switch
        {
            "line" => new LineWriter(output, new FlowFormatter(FlowFormat.Tool, new FlowFormatOptions { Extended = true, Id = true, Timestamps = true })),
            "proc" => new LineWriter(output, new FlowFormatter(FlowFormat.Proc)),
            "jsonl" => new LineWriter(output, new FlowFormatter(FlowFormat.Json)),
            "json" => new JsonArrayWriter(output),
            "yaml" => new YamlListWriter(output),
            _ => new FlowTableWriter(output),
        };
        var left = limit;
        var read = new FlowReader(source).Read(
            filter,
            (in Flow flow) =>
            {
                writer.Write(flow);
                return --left > 0;
            },
            cancel);
        writer.End();
        if (read.Undecodable > 0)
        {
            Console.Error.WriteLine($"warning: {read.Undecodable} entries made no sense and were passed over");
        }

        if (read.Interrupted)
        {
            Console.Error.WriteLine("warning: the table changed while it was read: entries may be missing, or there twice");
        }

        return ExitCode.InSync;
    }
}
