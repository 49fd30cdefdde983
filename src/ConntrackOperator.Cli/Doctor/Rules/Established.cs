using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>How long an idle ESTABLISHED connection is remembered on a node, and who says so.</summary>
internal static class Established
{
    /// <summary>What holds there: what is planned, what the kernel holds, what kube-proxy sets; null: not known.</summary>
    public static (long? Seconds, string Source) On(DoctorFacts facts, NodeView node)
    {
        const string sysctl = SysctlNames.TcpTimeoutEstablished;
        if (node.Wanted(sysctl) is { } setting)
        {
            return (setting.Value, $"policy {setting.Policy}, timeouts.tcp.established");
        }

        if (node.Actual.TryGetValue(sysctl, out var actual))
        {
            return (actual, $"so its kernel holds in {sysctl}");
        }

        foreach (var proxy in facts.Proxies.Where(p => p.RunsOn(node)))
        {
            if (ProxyStart.Writes(proxy, node).FirstOrDefault(w => w.Sysctl == sysctl) is { Value: > 0 } write)
            {
                return (write.Value, $"kube-proxy sets it: {proxy.Source}");
            }
        }

        return (null, string.Empty);
    }
}
