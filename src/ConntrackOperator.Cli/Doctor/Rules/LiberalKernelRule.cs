using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Netfilter.Sysctls;
using static ConntrackOperator.Cli.Doctor.Rules.DoctorText;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>
/// Kernels before 6.1 with kube-proxy's nftables mode, which has no rule that drops INVALID packets (kubernetes #122663): a packet out of
/// the window is not translated back, and the client resets its connection (kubernetes #117924; the kernel's mend is 6e250dcbff1d).
/// </summary>
internal sealed class LiberalKernelRule : IDoctorRule
{
    private static readonly KubeVersion _mended = new(6, 1, 0);

    public string Name => "tcp-be-liberal";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts)
    {
        foreach (var proxy in facts.Proxies.Where(p => p.Mode == "nftables" && p.Conntrack?.TcpBeLiberal != true))
        {
            var nodes = facts.Nodes.Where(
                n => proxy.RunsOn(n) && KubeVersion.Find(n.Kernel) < _mended && n.Value(SysctlNames.TcpBeLiberal) is not 1).ToList();
            if (nodes.Count == 0)
            {
                continue;
            }

            var (remedy, snippet) = ProxyRemedy.BeLiberal(proxy);
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Warning,
                What =
                    $"{Where(facts, nodes.Count)}: kube-proxy's nftables mode on Linux before 6.1 "
                        + $"({string.Join(", ", nodes.Select(n => n.Kernel).Distinct().Order(StringComparer.Ordinal))}) without "
                        + "nf_conntrack_tcp_be_liberal",
                Why =
                    "a packet that the kernel takes for out of window is not translated back, and its connection is reset: rare, and "
                        + "hard to find. Linux 6.1 mends it (6e250dcbff1d), if the distribution has not before",
                Do = $"tcp: {{beLiberal: true}} in the policy, or {remedy}",
                Snippet = snippet,
                Nodes = facts.OneMachine ? [] : Names(nodes),
            };
        }
    }
}
