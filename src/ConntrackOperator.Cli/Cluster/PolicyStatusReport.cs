using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cli.Output;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>One policy in detail: its conditions, and where and why a node does not hold what it asks.</summary>
internal static class PolicyStatusReport
{
    public static int Print(ConntrackPolicy policy, IReadOnlyList<ConntrackNode> nodes, OutputFormat format)
    {
        var name = policy.Metadata!.Name!;
        var problems = nodes.SelectMany(node => Problems(node, name)).ToList();
        var exit = problems.Count == 0 && ClusterStatus.IsInSync(policy) ? ExitCode.InSync : ExitCode.NotApplied;
        if (format != OutputFormat.Table)
        {
            ObjectWriter.Write(
                policy with { ApiVersion = ApiGroup.ApiVersion, Kind = ConntrackPolicy.KindName }, ApiJson.Default.ConntrackPolicy, format);
            return exit;
        }

        Conditions(policy);
        Console.Out.WriteLine();
        var counts = policy.Status?.Nodes;
        Console.Out.WriteLine(
            $"nodes: {ClusterStatus.Number(counts?.Selected)} selected, {ClusterStatus.Number(counts?.Ready)} ready, "
                + $"{ClusterStatus.Number(counts?.Updating)} updating, {ClusterStatus.Number(counts?.Waiting)} waiting, "
            + $"{ClusterStatus.Number(counts?.Drifted)} drifted, {ClusterStatus.Number(counts?.Failed)} failed, "
            + $"{ClusterStatus.Number(counts?.Unreachable)} unreachable");
        if (policy.Status?.Hottest is { } hottest)
        {
            Console.Out.WriteLine($"fullest table: {hottest}");
        }

        Console.Out.WriteLine();
        if (problems.Count == 0)
        {
            Console.Out.WriteLine("every setting of this policy is in sync on every node that reported");
            return exit;
        }

        var table = new TextTable("NODE", "SETTING", ">NOW", ">WANTED", "STATE", "WHAT TO DO");
        foreach (var row in problems)
        {
            table.Add(row);
        }

        table.Print();
        return exit;
    }

    private static void Conditions(ConntrackPolicy policy)
    {
        if (policy.Status?.Conditions is not { Count: > 0 } conditions)
        {
            Console.Out.WriteLine("the controller has not looked at this policy yet: does it run?");
            return;
        }

        var table = new TextTable("CONDITION", "STATUS", "REASON", "MESSAGE");
        foreach (var c in conditions)
        {
            table.Add(c.Type ?? "-", c.Status ?? "-", c.Reason ?? "-", c.Message ?? string.Empty);
        }

        table.Print();
    }

    private static IEnumerable<string[]> Problems(ConntrackNode node, string policy)
    {
        var name = node.Metadata?.Name ?? "-";
        foreach (var refused in node.Spec?.Refused?.Where(r => r.Policy == policy) ?? [])
        {
            yield return [name, refused.Name!, "-", "-", refused.Reason ?? "Refused", refused.Message ?? string.Empty];
        }

        var planned = node.Spec?.Settings?.Where(s => s.Policy == policy) ?? [];
        foreach (var setting in planned)
        {
            var status = node.Status?.Settings?.FirstOrDefault(s => s.Name == setting.Name);
            if (status?.State is SettingState.Observed or SettingState.NotSupported
                || (status?.State == SettingState.InSync && status.Desired == setting.Value))
            {
                continue;
            }

            var fresh = status is not null && status.Desired == setting.Value;
            yield return
            [
                name, setting.Name!, ClusterStatus.Number(status?.Actual), ClusterStatus.Number(setting.Value),
                fresh ? status!.State.ToString()! : "Pending",
                fresh
                    ? status!.Message ?? WhatToDo(status.State)
                    : "nothing: the agent has not reported on this plan yet; if that lasts, look at its pod on the node",
            ];
        }
    }

    private static string WhatToDo(SettingState? state) => state switch
    {
        SettingState.Pending => "nothing: it is set at the agent's next pass",
        _ => string.Empty,
    };
}
