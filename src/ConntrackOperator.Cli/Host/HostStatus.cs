using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cli.Output;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.Enforcement;
using ConntrackOperator.Engine.Observation;
using ConntrackOperator.Netfilter.Host;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Cli.Host;

/// <summary>The command <c>host status</c>: only looks, so it needs no permission and works beside an agent.</summary>
internal static class HostStatus
{
    public static int Run(EngineOptions options, OutputFormat format)
    {
        using var engine = NodeEngine.OpenReadOnly(options, TimeProvider.System);
        HostApply.Problems(engine);
        engine.Enforce();
        var node = HostNode.From(engine);
        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(node, ApiJson.Default.ConntrackNode, format);
            return HostNode.ExitCodeOf(node);
        }

        var facts = engine.Facts;
        Console.Out.WriteLine(
            $"host      {facts.HostName}, Linux {facts.Kernel}, {facts.Cores} cores, {ByteSize.Format(facts.MemoryBytes)}");
        var there = engine.Sysctls.ModuleLoaded || TrackingModule.IsSeen(options.ProcPath, options.SysPath);
        Console.Out.WriteLine("table     " + Table(node.Status!.Table!, there));
        Console.Out.WriteLine("counted   " + Counted(engine.Observe(), facts.IsInitialNetworkNamespace));
        foreach (var type in (string[])[ConditionTypes.Applied, ConditionTypes.Pressure])
        {
            var condition = node.Status!.Conditions!.First(c => c.Type == type);
            Console.Out.WriteLine(
                $"{(type == ConditionTypes.Applied ? "applied" : "pressure"),-10}{condition.Reason}: {condition.Message}");
        }

        if (node.Status!.Settings is { Count: > 0 } || node.Spec?.Refused is { Count: > 0 })
        {
            Console.Out.WriteLine();
            HostReport.State(node);
            Console.Out.WriteLine(HostReport.Count(node, []));
        }

        return HostNode.ExitCodeOf(node);
    }

    private static string Table(TableStatus table, bool there) => table.NoLimit == true
        ? $"{table.Entries} entries, no limit, {table.Buckets} buckets"
        : table.Limit is null ? there ? Enforcer.KeysNotSeenMessage : "not there: the nf_conntrack module is not loaded"
        : $"{table.Entries} of {table.Limit} entries ({table.Percent}%), {table.Buckets} buckets, {table.Memory} when full "
        + $"({table.EntryBytes} B an entry: {table.EntryBytesWhy})";

    private static string Counted(in TableReading reading, bool sinceBoot) => reading.Counters is { } c
        ? $"since {(sinceBoot ? "boot" : "this network namespace was made")}: "
        + $"{c.TableFullDrops} packets dropped for want of an entry, {c.RacesLost} lost in races, {c.EarlyDrop} entries "
        + $"evicted early, {c.ChainTooLong} lost to long hash chains, {c.Invalid} packets invalid"
        : "this kernel gives no counters here";
}
