using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Engine;

namespace ConntrackOperator.Cli.Host;

/// <summary>The command <c>host restore</c>.</summary>
internal static class HostRestore
{
    public static int Run(EngineOptions options, OutputFormat format)
    {
        HostPermission.Require(options);
        using var engine = new NodeEngine(options, TimeProvider.System);
        if (engine.Originals is { Unknown: { } lost, Names.Count: 0 })
        {
            throw new CliException(ExitCode.Failure,
                $"{lost}. Nothing was put back, and what is there is left as it is; a reboot sets everything back, and with originals.json "
                    + "and owner.json there deleted this program starts anew");
        }

        HostApply.Problems(engine);
        var originals = engine.Originals.Names.ToDictionary(name => name, name => engine.Originals.Find(name)!.Value);
        var before = originals.Keys.ToDictionary(name => name, name => engine.Sysctls.Read(name).Value);
        var kept = HostApply.Try(engine.SetRestorePlan) & HostApply.Try(() => engine.Enforce());
        var node = HostNode.From(engine);
        if (engine.AllRestored)
        {
            engine.ForgetPlan();
        }

        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(node, ApiJson.Default.ConntrackNode, format);
            return ExitCodeOf(engine, node, kept);
        }

        if (originals.Count == 0)
        {
            Console.Out.WriteLine(
                $"nothing to restore: {options.StatePath} knows of nothing that was changed since boot; the plan, if there was one, is "
                    + "forgotten");
            return ExitCode.InSync;
        }

        var gone = HostReport.Gone(engine, node, originals);
        HostReport.Change(node, before, gone);
        Console.Out.WriteLine(engine.AllRestored
            ? HostReport.Count(node, gone) + "; the plan is forgotten"
            : HostReport.Count(node, gone) + "; run it again to try what is left, or let `host watch` do so");
        return ExitCodeOf(engine, node, kept);
    }

    private static int ExitCodeOf(NodeEngine engine, ConntrackNode node, bool kept)
    {
        if (engine.Originals.Unknown is { } lost)
        {
            Console.Error.WriteLine($"error: {lost}. What is known was put back; a reboot sets everything back");
            return ExitCode.Failure;
        }

        return kept ? HostNode.ExitCodeOf(node) : ExitCode.Failure;
    }
}
