namespace ConntrackOperator.Controller.Nodes;

/// <summary>What one node adds to the usage of its policies.</summary>
/// <param name="Entries">Entries.</param>
/// <param name="Limit">What the table can hold.</param>
/// <param name="Percent">How full it is.</param>
/// <param name="DropsPerMinute">Packets dropped a minute.</param>
/// <param name="Pressure">The condition's reason: Normal, Warning or Critical.</param>
internal readonly record struct NodeUsage(long Entries, long Limit, int Percent, long DropsPerMinute, string Pressure)
{
    public static NodeUsage From(Api.Nodes.NodeStatus? status) => status?.Table is not { } table
        ? new NodeUsage(0, 0, 0, 0, "Normal")
        : new NodeUsage(
            table.Entries ?? 0,
            table.Limit ?? 0,
            table.Percent ?? 0,
            status.Rates?.DropsPerMinute ?? 0,
            status.Conditions?.FirstOrDefault(c => c.Type == "Pressure")?.Reason ?? "Normal");
}
