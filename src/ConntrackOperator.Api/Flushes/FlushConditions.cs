namespace ConntrackOperator.Api.Flushes;

/// <summary>
/// How many conditions a match has, which controller and agent must agree on: see <see cref="Nodes.NodeFlush.Conditions"/>. Pure.
/// </summary>
public static class FlushConditions
{
    /// <summary>Counts what is given: each field once, of icmp and gre each of theirs. States are one.</summary>
    /// <param name="match">The match.</param>
    public static int Count(FlushMatch match)
    {
        ArgumentNullException.ThrowIfNull(match);
        var (icmp, gre) = (match.Icmp, match.Gre);
        ReadOnlySpan<bool> given =
        [
            match.Protocol is not null, match.States is not null, match.Unreplied is not null, match.Source is not null,
            match.Destination is not null, match.SourcePort is not null, match.DestinationPort is not null, match.ReplySource is not null,
            match.ReplyDestination is not null, match.ReplySourcePort is not null, match.ReplyDestinationPort is not null,
            match.Zone is not null, match.IdleFor is not null,
            match.All is not null, icmp?.Type is not null, icmp?.Code is not null, icmp?.Id is not null, icmp?.ReplyType is not null,
            icmp?.ReplyCode is not null, icmp?.ReplyId is not null, gre?.SourceKey is not null, gre?.DestinationKey is not null,
            gre?.ReplySourceKey is not null, gre?.ReplyDestinationKey is not null,
        ];
        return given.Count(true);
    }
}
