using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>How a kube-proxy is told to leave a sysctl alone, or to set it, where its configuration stands.</summary>
internal static class ProxyRemedy
{
    /// <summary>What to do, and what to paste.</summary>
    /// <param name="proxy">The kube-proxy.</param>
    /// <param name="sysctl">The sysctl that it shall leave alone.</param>
    public static (string Do, string Snippet) LeaveAlone(ProxyFacts proxy, string sysctl) => Change(proxy, sysctl switch
    {
        SysctlNames.Max or SysctlNames.Buckets => [("maxPerCore", "conntrack-max-per-core", "0"), ("min", "conntrack-min", "0")],
        SysctlNames.TcpTimeoutEstablished => [("tcpEstablishedTimeout", "conntrack-tcp-timeout-established", "0s")],
        SysctlNames.TcpTimeoutCloseWait => [("tcpCloseWaitTimeout", "conntrack-tcp-timeout-close-wait", "0s")],
        SysctlNames.TcpBeLiberal => [("tcpBeLiberal", "conntrack-tcp-be-liberal", "false")],
        SysctlNames.UdpTimeout => [("udpTimeout", "conntrack-udp-timeout", "0s")],
        _ => [("udpStreamTimeout", "conntrack-udp-timeout-stream", "0s")],
    });

    /// <summary>The same for a value that it shall set.</summary>
    public static (string Do, string Snippet) BeLiberal(ProxyFacts proxy) =>
        Change(proxy, [("tcpBeLiberal", "conntrack-tcp-be-liberal", "true")]);

    private static (string Do, string Snippet) Change(ProxyFacts proxy, (string Field, string Flag, string Value)[] changes)
    {
        var flags = string.Concat(changes.Select(c => $"--{c.Flag}={c.Value}\n"));
        return proxy.Kind switch
        {
            ProxyKind.ConfigMap => (
                $"kubectl -n {proxy.Namespace} edit configmap {proxy.Owner}: in its KubeProxyConfiguration the following; it holds from "
                    + "the next start of kube-proxy's pods on, "
                + "and a configuration beats flags. Where an installer owns the ConfigMap (an add-on of a cloud, Helm, GitOps), change "
                + "it there",
                "conntrack:\n" + string.Concat(changes.Select(c => $"  {c.Field}: {c.Value}\n"))),
            ProxyKind.DaemonSetFlags => (
                $"kubectl -n {proxy.Namespace} edit daemonset {proxy.Owner}: these flags of its container. Where something owns the "
                    + "DaemonSet, change it there, or it comes back "
                + "(Talos: cluster.proxy.extraArgs of the machine configuration)",
                flags),
            ProxyKind.StaticPodFlags => (
                "the pods are made from a file on each node, so the flags are changed where nodes are made; where that is the cloud's, "
                    + "let the policy ask for what kube-proxy sets",
                flags),
            ProxyKind.Embedded => (
                $"in /etc/rancher/{proxy.Owner}/config.yaml of each node, then restart {proxy.Owner} there",
                "kube-proxy-arg:\n" + string.Concat(changes.Select(c => $"  - {c.Flag}={c.Value}\n"))),
            _ => ($"change it there: {proxy.Source}", "conntrack:\n" + string.Concat(changes.Select(c => $"  {c.Field}: {c.Value}\n"))),
        };
    }
}
