using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cli.Files;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.State;

namespace ConntrackOperator.Cli.Host;

/// <summary>The command <c>host apply</c>.</summary>
internal static class HostApply
{
    public static int Run(EngineOptions options, IReadOnlyList<string> files, bool dryRun, OutputFormat format)
    {
        var policies = PolicyFile.ReadAll(files);
        if (!dryRun)
        {
            HostPermission.Require(options);
        }

        using var engine = dryRun ? NodeEngine.OpenReadOnly(options, TimeProvider.System) : new NodeEngine(options, TimeProvider.System);
        Problems(engine);
        var plan = HostPlan.Make(engine.Facts, policies);
        HostReport.Conflicts(plan);
        var originals = engine.Originals.Names.ToDictionary(name => name, name => engine.Originals.Find(name)!.Value);
        var names = plan.Spec.Settings!.Select(s => s.Name!).Concat(originals.Keys).Concat((plan.Spec.Refused ?? []).Select(r => r.Name!))
            .Distinct(StringComparer.Ordinal);
        var before = names.ToDictionary(name => name, name => engine.Sysctls.Read(name).Value);
        var saved = Try(() => engine.SetPlan(new CachedPlan { Spec = plan.Spec }));
        if (!saved)
        {
            Console.Error.WriteLine(
                "error: the plan on the disk is still the one before, which the next `host watch` sets; run this again once there is room");
        }

        var kept = Try(() => engine.Enforce()) && saved;
        var node = HostNode.From(engine);
        var exit = kept ? HostNode.ExitCodeOf(node, dryRun) : ExitCode.Failure;
        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(node, ApiJson.Default.ConntrackNode, format);
            return exit;
        }

        var gone = HostReport.Gone(engine, node, originals);
        HostReport.Change(node, before, gone);
        Console.Out.WriteLine(Summary(node, before, gone, dryRun));
        return exit;
    }

    public static void Problems(NodeEngine engine)
    {
        foreach (var problem in engine.Problems)
        {
            Console.Error.WriteLine("warning: " + problem);
        }
    }

    /// <summary>A disk that keeps nothing more is said, and is no reason to leave undone what can be done without it.</summary>
    /// <param name="step">What may need the disk.</param>
    /// <param name="problems">Where it is said; null: on standard error.</param>
    public static bool Try(Action step, List<string>? problems = null)
    {
        try
        {
            step();
            return true;
        }
        catch (IOException e) when (e is not StateDirectoryBusyException)
        {
            var problem = "the state directory can't be written: " + e.Message;
            if (problems is not null)
            {
                problems.Add(problem);
            }
            else
            {
                Console.Error.WriteLine("error: " + problem);
            }

            return false;
        }
    }

    private static string Summary(ConntrackNode node, Dictionary<string, long?> before, List<GoneSetting> gone, bool dryRun)
    {
        var applied = node.Status!.Conditions!.First(c => c.Type == ConditionTypes.Applied);
        var count = HostReport.Count(node, gone);
        if (applied.Reason == ConditionReasons.ModuleNotLoaded)
        {
            return $"{count}; {applied.Message}";
        }

        if (dryRun)
        {
            return $"{count}; dry run, nothing was written";
        }

        var written = node.Status.Settings!.Count(s => s.Actual != before.GetValueOrDefault(s.Name!))
            + gone.Count(g => g.Now != before.GetValueOrDefault(g.Name));
        return $"{count}; {HostReport.Number(written, "changed now")}";
    }
}
