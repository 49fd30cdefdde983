using ConntrackOperator.Cli.Doctor.Facts;
using static ConntrackOperator.Cli.Doctor.Rules.DoctorText;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>Which of a network plug-in's connections are in the kernel's table, and which are in maps of its own.</summary>
internal sealed class NetworkPluginRule : IDoctorRule
{
    // pkg/option/config.go of Cilium.
    private const long CiliumTcpEntries = 524288;

    public string Name => "network-plugin";

    public IEnumerable<DoctorFinding> Judge(DoctorFacts facts) => facts.Plugins.SelectMany(plugin => Judge(facts, plugin));

    private IEnumerable<DoctorFinding> Judge(DoctorFacts facts, NetworkPlugin plugin)
    {
        yield return new DoctorFinding
        {
            Rule = Name,
            Severity = DoctorSeverity.Note,
            What = $"{plugin.Name}: {Table(plugin)}",
            Why = Why(plugin),
        };
        if (plugin.ReplacesKubeProxy && facts.Proxies.FirstOrDefault(p => p.Kind != ProxyKind.Process) is { } proxy)
        {
            yield return new DoctorFinding
            {
                Rule = Name,
                Severity = DoctorSeverity.Warning,
                What = $"{plugin.Name} does the work of kube-proxy, and kube-proxy runs as well",
                Why =
                    $"its rules translate what {plugin.Name} has not, so a connection can be in both tables; and it sets "
                        + $"nf_conntrack_max and time-outs at each start ({proxy.Source})",
                Do =
                    "take kube-proxy away, once nothing needs it: where something owns it (kubeadm, an add-on, "
                        + $"{(proxy.Kind == ProxyKind.Embedded ? proxy.Owner : "Talos")}), switch it off there",
                Snippet = proxy.Kind == ProxyKind.Embedded ? "disable-kube-proxy: true\n"
                    : $"kubectl -n {proxy.Namespace} patch daemonset "
                    + $"{(proxy.Kind == ProxyKind.DaemonSetFlags ? proxy.Owner : "kube-proxy")} -p "
                    + "'{\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{\"non-existing\":\"true\"}}}}}'\n",
            };
        }
    }

    private static string Table(NetworkPlugin plugin) => plugin.Kind switch
    {
        PluginKind.Cilium or PluginKind.CalicoEbpf => "connections of pods are in its own maps, not in the kernel's table",
        PluginKind.OpenVSwitch => "connections of pods are in the kernel's table, in zones of Open vSwitch",
        _ => "connections of pods are in the kernel's table",
    };

    private static string Why(NetworkPlugin plugin) => plugin.Kind switch
    {
        PluginKind.Cilium =>
            $"its maps hold {Number(plugin.OwnTcpEntries ?? CiliumTcpEntries)} TCP connections a node (bpf-ct-global-tcp-max), with "
                + "time-outs of their own: policies here don't reach them. "
            + "Still in the kernel's table: what the nodes themselves open and answer, and whatever else goes through iptables or nftables"
            + (plugin.ReplacesKubeProxy ? string.Empty : "; what goes to a Service, which kube-proxy translates")
            + (plugin.MasqueradesItself ? string.Empty : "; what leaves the cluster, which iptables masquerades"),
        PluginKind.CalicoEbpf =>
            "its map cali_v4_ct has a size of its own (bpfMapSizeConntrack of the FelixConfiguration): policies here don't reach it. "
            + "Still in the kernel's table: what the nodes themselves open and answer, connections older than the switch to eBPF, and "
            + "whatever else goes through iptables or nftables",
        PluginKind.OpenVSwitch =>
            "every zone counts against the one nf_conntrack_max, and a connection through several bridges can have an entry in several "
                + "zones",
        _ => $"policies here reach all of them; recognized by {plugin.Source}",
    };
}
