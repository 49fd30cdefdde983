using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Planning.Formatting;
using static ConntrackOperator.Cli.Doctor.Rules.DoctorText;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>ESTABLISHED connections that are forgotten before TCP asks whether the other end is still there.</summary>
internal sealed class KeepaliveRule : IDoctorRule
{
    // tcp(7), tcp_keepalive_time; RFC 5382, REQ-5: 2 hours 4 minutes.
    private const long DefaultKeepalive = 7200;
    private const long RfcSeconds = 7440;

    public string Name => "keepalive";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts)
    {
        var shorter = facts.Nodes
            .Select(node => (Node: node, Timeout: Established.On(facts, node), Keepalive: node.KeepaliveSeconds ?? DefaultKeepalive))
            .Where(n => n.Timeout.Seconds is { } seconds && seconds <= n.Keepalive)
            .GroupBy(n => (Seconds: n.Timeout.Seconds!.Value, n.Timeout.Source, n.Keepalive));
        foreach (var group in shorter)
        {
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Warning,
                What =
                    $"{Where(facts, group.Count())}: an ESTABLISHED connection is forgotten after "
                        + $"{KubeDuration.Format(group.Key.Seconds)} without a packet, before TCP's keepalive after "
                        + $"{KubeDuration.Format(group.Key.Keepalive)}",
                Why =
                    $"{group.Key.Source}; the next packet of such a connection finds no entry: behind a Service or SNAT it is reset or "
                        + "lost, and programs see connections that hang. RFC 5382 asks for 2h4m at the least",
                Do =
                    "a longer time-out in the policy, or keepalives that come sooner in every program and pod there "
                        + "(net.ipv4.tcp_keepalive_time is a safe sysctl of pods from Kubernetes 1.29 on)",
                Snippet = $"timeouts: {{tcp: {{established: {KubeDuration.Format(RfcSeconds)}}}}}\n",
                Nodes = facts.OneMachine ? [] : Names(group.Select(g => g.Node)),
            };
        }
    }
}
