using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Advice.Remedies;

namespace ConntrackOperator.Planning.Advice.Rules;

/// <summary>Packets lost because another was inserted first: two queries from one port, mostly.</summary>
internal static class RaceRules
{
    internal static IEnumerable<Finding> Advise(Situation situation)
    {
        var lost = situation.Facts.Rates.LostInRaces;
        if (!RateFacts.Counts(lost))
        {
            yield break;
        }

        var dns = situation.Groups(TrafficView.Port, TrafficClass.UdpUnreplied, TrafficClass.UdpReplied, TrafficClass.UdpStream)
            .Any(group => group.Port == 53);
        yield return new Finding
        {
            Cause = Cause.LostRaces,
            Severity = AdviceSeverity.Warning,
            Confidence = Confidence.Likely,
            Text =
                $"{Figures.Count(lost)} packets a minute are lost to another that was inserted first: no matter of room, so neither a "
                    + "larger table nor shorter time-outs help",
            Seen = [
                $"{Figures.Count(lost)} packets a minute are lost at insertion (insert_failed, which drop counts as well); "
                    + $"{Figures.Count(situation.Facts.Rates.LostForWant)} for want of an entry",
                        $"the table is {Figures.Percent(situation.Usage)} full"],
            Because =
                "two packets from one address and port, behind one translated address or sent at once (A and AAAA of one name), want the "
                    + "same entry: the second is dropped",
            RuledOut =
            [
                new Rival(
                    Cause.TableTooSmall,
                    $"the table is {Figures.Percent(situation.Usage)} full, and losses at insertion come with room to spare"),
                new Rival(Cause.NatPortsExhausted, "no translated address has its ports used up"),
            ],
            ForGood =
            [
                new AdviceStep(dns
                    ? "A cache on each node (NodeLocal DNSCache), or options single-request-reopen in the pods' resolv.conf: queries "
                    + "then have ports of their own"
                    : "Where sources are translated: let ports be chosen at random (iptables … MASQUERADE --random-fully, nft masquerade "
                    + "fully-random)"),
            ],
            Sufficient = false,
            Elsewhere = "the clients, or a cache on the node: nothing about the table changes it",
        };
    }
}
