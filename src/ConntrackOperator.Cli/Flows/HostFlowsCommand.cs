using ConntrackOperator.Cli.Host;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Formatting;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Flows;

/// <summary>The command <c>host flows</c>: entries go out as they come in, so its memory does not depend on the table's size.</summary>
internal static class HostFlowsCommand
{
    public static int Run(EngineOptions options, FlowFilter filter, FlowSource source, string format, long limit, CancellationToken cancel)
    {
        var facts = HostFacts.Read(options.ProcPath, options.SysPath);
        var timeouts = TimeoutFile.Watch(options.StatePath, new SysctlDirectory(options.SysctlPath), facts, TimeProvider.System);

        // What shows no idle times, and does not ask for them, need not look.
        var idle = format is "json" or "jsonl" or "yaml" or "table" ? timeouts.Clock(filter.Match?.TimeoutsHeld == true) : null;
        using var output = StandardOutput.Open();
        using IFlowWriter writer = format switch
        {
            "line" =>
                new LineWriter(
                    output, new FlowFormatter(FlowFormat.Tool, new FlowFormatOptions { Extended = true, Id = true, Timestamps = true })),
            "proc" => new LineWriter(output, new FlowFormatter(FlowFormat.Proc)),
            "jsonl" => new LineWriter(output, new FlowFormatter(FlowFormat.Json, idle: idle)),
            "json" => new JsonArrayWriter(output, idle),
            "yaml" => new YamlListWriter(output, idle),
            _ => new FlowTableWriter(output, idle!),
        };
        var left = limit;
        var read = new FlowReader(source, timeouts: timeouts).Read(
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

        if (read.MatchingIfHeld > 0)
        {
            Console.Error.WriteLine(HostFlush.IfHeld(read.MatchingIfHeld, timeouts));
        }

        return ExitCode.InSync;
    }
}
