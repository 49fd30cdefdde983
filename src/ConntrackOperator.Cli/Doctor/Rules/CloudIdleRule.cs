using System.Text.RegularExpressions;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Planning.Formatting;
using static ConntrackOperator.Cli.Doctor.Rules.DoctorText;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>Clouds that forget an idle connection long before the node does.</summary>
internal sealed partial class CloudIdleRule : IDoctorRule
{
    // docs.aws.amazon.com, EC2 User Guide, Security group connection tracking: 350 s on Nitro v6 (but P6e-GB200), else 432,000 s.
    private const long AwsNewer = 350;

    // cloud.google.com, VPC, firewalls: an idle connection is tracked for 10 minutes.
    private const long Google = 600;

    // learn.microsoft.com, Azure Load Balancer, TCP reset and idle time-out: 4 minutes by default, and so the NAT gateway.
    private const long Azure = 240;

    public string Name => "cloud-idle";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts)
    {
        var longer = facts.Nodes
            .Select(node => (Node: node, Timeout: Established.On(facts, node), Cloud: Limit(node)))
            .Where(n => n.Cloud is { } cloud && n.Timeout.Seconds > cloud)
            .GroupBy(n => (n.Node.Provider, Limit: n.Cloud!.Value, Seconds: n.Timeout.Seconds!.Value, n.Timeout.Source));
        foreach (var group in longer)
        {
            var aws = group.Key.Provider == "aws";
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = aws ? DoctorSeverity.Warning : DoctorSeverity.Note,
                What =
                    $"{Where(facts, group.Count())}: {Place(group.Key.Provider)} forgets a connection after "
                        + $"{KubeDuration.Format(group.Key.Limit)} without a packet, the node only after "
                        + $"{KubeDuration.Format(group.Key.Seconds)}",
                Why =
                    $"{group.Key.Source}; in between programs believe in a connection whose packets no longer arrive, and the table "
                        + "holds entries that are of no use"
                    + (aws
                        ? $". These are instances of the newer generation ({Types(group.Select(g => g.Node))}); whether their network "
                        + $"interfaces were given a longer time-out does not show in the cluster: if so, --ignore {Name}" : string.Empty),
                Do = aws
                    ? "a longer time-out of the network interfaces, in the launch template of the nodes "
                    + "(ConnectionTrackingSpecification); or keepalives that come sooner in the pods that keep idle connections"
                    : "keepalives that come sooner in the pods that keep idle connections to other nodes or out of the cluster",
                Snippet = aws
                    ? "aws ec2 modify-network-interface-attribute --network-interface-id ENI --connection-tracking-specification "
                    + "TcpEstablishedTimeout=86400\n"
                    : $"securityContext: {{sysctls: [{{name: net.ipv4.tcp_keepalive_time, value: \"{group.Key.Limit / 2}\"}}]}}\n",
                Nodes = Names(group.Select(g => g.Node)),
            };
        }
    }

    private static long? Limit(NodeView node) => node.Provider switch
    {
        "aws" => NitroV6().IsMatch(node.InstanceType) ? AwsNewer : null,
        "gce" => Google,
        "azure" => Azure,
        _ => null,
    };

    private static string Place(string provider) => provider switch
    {
        "aws" => "EC2 (its security groups)",
        "gce" => "Google's VPC",
        _ => "Azure's load balancer and NAT gateway, on the way out of the cluster,",
    };

    private static string Types(IEnumerable<NodeView> nodes) =>
        string.Join(", ", nodes.Select(n => n.InstanceType).Distinct().Order(StringComparer.Ordinal));

    // The eighth generation with AMD or Intel, and Graviton4 with network or block storage emphasis (gn, gb); G7e and P6.
    [GeneratedRegex(@"^([cmrx]8(a|i|gn|gb)[a-z0-9]*(-flex)?|g7e|p6-b[23]00)\.")]
    private static partial Regex NitroV6();
}
