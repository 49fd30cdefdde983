using System.Globalization;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Engine.Flushing;

/// <summary>From the API's match to the kernel side's. Pure.</summary>
public static class FlushMatches
{
    /// <summary>Converts a flush's match, whole.</summary>
    /// <param name="flush">The flush, as the node's plan has it.</param>
    /// <exception cref="ArgumentException">
    /// The match has not as many conditions as the controller gave it: this version, or the CustomResourceDefinition, does not know one,
    /// and without it more would be deleted. Or it is not valid.
    /// </exception>
    public static FlowMatch ToFlowMatch(NodeFlush flush)
    {
        ArgumentNullException.ThrowIfNull(flush);
        var match = flush.Match ?? throw new ArgumentException("match: Required value");
        var known = FlushConditions.Count(match);
        return flush.Conditions == known
            ? ToFlowMatch(match)
            : throw new ArgumentException(
                $"nothing was deleted: of the match's {Text(flush.Conditions) ?? "uncounted"} conditions {Text(known)} arrived. "
                + "This agent or the CustomResourceDefinition of ConntrackNodes is older than the controller");
    }

    /// <summary>Converts.</summary>
    /// <param name="match">The API's match.</param>
    /// <exception cref="ArgumentException">
    /// It is not valid, or empty without <c>all: true</c>: nothing may be deleted by a match that was not understood.
    /// </exception>
    public static FlowMatch ToFlowMatch(FlushMatch match)
    {
        ArgumentNullException.ThrowIfNull(match);
        var (icmp, gre) = (match.Icmp, match.Gre);
        var result = new FlowMatch
        {
            Protocol = match.Protocol is { } protocol
                ? FlowProtocols.TryParse(protocol.ToString(), out var number) ? number : throw Bad("protocol", protocol.ToString())
                : null,
            States = match.States ?? [],
            Unreplied = match.Unreplied,
            Source = Network(match.Source, "source"),
            Destination = Network(match.Destination, "destination"),
            SourcePort = Port(match.SourcePort, "sourcePort"),
            DestinationPort = Port(match.DestinationPort, "destinationPort"),
            ReplySource = Network(match.ReplySource, "replySource"),
            ReplyDestination = Network(match.ReplyDestination, "replyDestination"),
            ReplySourcePort = Port(match.ReplySourcePort, "replySourcePort"),
            ReplyDestinationPort = Port(match.ReplyDestinationPort, "replyDestinationPort"),
            Icmp = new(Octet(icmp?.Type, "icmp.type"), Octet(icmp?.Code, "icmp.code"), Word(icmp?.Id, "icmp.id")),
            ReplyIcmp = new(
                Octet(icmp?.ReplyType, "icmp.replyType"), Octet(icmp?.ReplyCode, "icmp.replyCode"), Word(icmp?.ReplyId, "icmp.replyId")),
            Gre = new(Word(gre?.SourceKey, "gre.sourceKey"), Word(gre?.DestinationKey, "gre.destinationKey")),
            ReplyGre = new(Word(gre?.ReplySourceKey, "gre.replySourceKey"), Word(gre?.ReplyDestinationKey, "gre.replyDestinationKey")),
            Zone = Word(match.Zone, "zone"),
            IdleFor = match.IdleFor is { } idle
                ? KubeDuration.TryParse(idle, out var seconds, out _) ? TimeSpan.FromSeconds(seconds) : throw Bad("idleFor", idle)
                : null,
        };

        // What asks for nothing would be a wider match than somebody meant who wrote it.
        if (match.States is { Count: 0 })
        {
            throw new ArgumentException("match.states: must not be empty");
        }

        if (icmp is not null && !result.HasIcmp)
        {
            throw new ArgumentException("match.icmp: must not be empty");
        }

        if (gre is not null && !result.HasGre)
        {
            throw new ArgumentException("match.gre: must not be empty");
        }

        return result.IsEmpty == (match.All == true)
            ? result
            : throw new ArgumentException(result.IsEmpty
                ? "match: at least one condition must be given; to delete every entry of the table say all: true"
                : "match.all: goes with no other condition");
    }

    private static ushort? Port(int? port, string field) => port is 0 ? throw Bad(field, "0") : Word(port, field);

    private static ushort? Word(int? value, string field) =>
        value is not { } number ? null : number is >= 0 and <= ushort.MaxValue ? (ushort)number : throw Bad(field, Text(number)!);

    private static byte? Octet(int? value, string field) =>
        value is not { } number ? null : number is >= 0 and <= byte.MaxValue ? (byte)number : throw Bad(field, Text(number)!);

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static FlowNetwork? Network(string? text, string field) =>
        text is null ? null : FlowNetwork.TryParse(text, out var network) ? network : throw Bad(field, text);

    private static ArgumentException Bad(string field, string value) => new($"match.{field}: '{value}' is not understood");
}
