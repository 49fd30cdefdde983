namespace ConntrackOperator.Controller.Nodes;

/// <summary>What one node adds to the usage of its policies.</summary>
/// <param name="Entries">Entries.</param>
/// <param name="Limit">What the table can hold; 0 when that is not known, or there is no limit.</param>
/// <param name="Percent">How full it is.</param>
/// <param name="TableFullDrops">Packets dropped a minute because the table was full; null when not known yet.</param>
/// <param name="RacesLost">Packets lost a minute in races; null when not known yet.</param>
/// <param name="Pressure">The condition's reason: Normal, Warning or Critical.</param>
/// <param name="NoLimit">Whether the kernel has no limit.</param>
internal readonly record struct NodeUsage(
    long Entries, long Limit, int Percent, long? TableFullDrops, long? RacesLost, string Pressure, bool NoLimit = false)
{
    public static NodeUsage From(Api.Nodes.NodeStatus? status) => status?.Table is not { } table
        ? new NodeUsage(0, 0, 0, null, null, "Normal")
        : new NodeUsage(
            table.Entries ?? 0,
            table.Limit ?? 0,
            table.Percent ?? 0,
            status.Rates?.TableFullDropsPerMinute,
            status.Rates?.RacesLostPerMinute,
            status.Conditions?.FirstOrDefault(c => c.Type == "Pressure")?.Reason ?? "Normal",
            table.NoLimit == true);
}
