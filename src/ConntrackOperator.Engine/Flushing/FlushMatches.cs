using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Engine.Flushing;

/// <summary>From the API's match to the kernel side's. Pure.</summary>
public static class FlushMatches
{
    /// <summary>Converts.</summary>
    /// <param name="match">The API's match.</param>
    /// <exception cref="ArgumentException">It is not valid, or empty without <c>all: true</c>: nothing may be deleted by a match that was not understood.</exception>
    public static FlowMatch ToFlowMatch(FlushMatch match)
    {
        ArgumentNullException.ThrowIfNull(match);
        var result = new FlowMatch
        {
            Protocol = match.Protocol is { } protocol
                ? FlowProtocols.TryParse(protocol.ToString(), out var number) ? number : throw Bad("protocol", protocol.ToString())
                : null,
            States = match.States ?? [],
            Unreplied = match.Unreplied,
            Source = Network(match.Source, "source"),
            Destination = Network(match.Destination, "destination"),
            DestinationPort = match.DestinationPort is { } port
                ? port is > 0 and <= ushort.MaxValue ? (ushort)port : throw Bad("destinationPort", port.ToString(System.Globalization.CultureInfo.InvariantCulture))
                : null,
            ReplySource = Network(match.ReplySource, "replySource"),
            ReplyDestination = Network(match.ReplyDestination, "replyDestination"),
            Zone = match.Zone is { } zone
                ? zone is >= 0 and <= ushort.MaxValue ? (ushort)zone : throw Bad("zone", zone.ToString(System.Globalization.CultureInfo.InvariantCulture))
                : null,
            IdleFor = match.IdleFor is { } idle
                ? KubeDuration.TryParse(idle, out var seconds, out _) ? TimeSpan.FromSeconds(seconds) : throw Bad("idleFor", idle)
                : null,
        };
        return result.IsEmpty == (match.All == true)
            ? result
            : throw new ArgumentException(result.IsEmpty
                ? "match: at least one condition must be given; to delete every entry of the table say all: true"
                : "match.all: goes with no other condition");
    }

    private static FlowNetwork? Network(string? text, string field) =>
        text is null ? null : FlowNetwork.TryParse(text, out var network) ? network : throw Bad(field, text);

    private static ArgumentException Bad(string field, string value) => new($"match.{field}: '{value}' is not understood");
}
