using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>Rules and flushes against a flood: of the protocol that it has, and of no other.</summary>
internal static class FloodCommands
{
    /// <summary>Which packets a rule is about; of pings only those of the source's version of IP.</summary>
    internal static IEnumerable<Packets> Of(Suspects suspects, string? source) => suspects.Protocols
        .Where(protocol => suspects.Kind != TrafficClass.Icmp || source is null || Commands.Icmp(source) == protocol)
        .Select(protocol => new Packets
        {
            Protocol = protocol,
            Source = source,
            Destination = suspects.Victim?.Destination,
            DestinationPort = Packets.HasPorts(protocol) ? suspects.Victim?.Port : null,
            SynOnly = suspects.Kind is TrafficClass.SynSent or TrafficClass.SynReceived,
        });

    /// <summary>Deletes what is there of it, of each protocol that it has; nothing where that is not known.</summary>
    internal static IEnumerable<AdviceStep> FlushSteps(Situation situation, Suspects suspects)
    {
        if (suspects.Protocols.Count == 0)
        {
            yield break;
        }

        var (victim, target) = (suspects.Victim, situation.Facts.Target);
        var source = suspects.Sources is [{ } only] ? only.Source : null;
        string[]? states = suspects.Kind switch
        {
            TrafficClass.SynSent => ["SYN_SENT"],
            TrafficClass.SynReceived => ["SYN_RECV"],
            _ => null,
        };
        yield return new AdviceStep(
            $"Delete what is there of it: entries in {FloodText.Names(suspects.Kind)} are nobody's open connection",
            string.Join('\n', suspects.Protocols.Select(protocol => Commands.Flush(
                target, protocol, states, states is null && suspects.Kind != TrafficClass.Icmp, source, victim?.Destination,
                Packets.HasPorts(protocol) ? victim?.Port : null))));
    }

    /// <summary>Which program of this machine it is.</summary>
    internal static string Sockets(Suspects suspects) => suspects.Victim is { } victim
        ? $"ss -anp dst {Figures.End(victim.Destination, victim.Port)}"
        : "ss -anp state syn-sent";
}
