using System.Text.Json.Nodes;
using ConntrackOperator.Cli.Doctor.Facts;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>Recognizes network plug-ins by the images of their DaemonSets, and reads which connections they track themselves.</summary>
internal static class PluginGathering
{
    // The part of an image's name that only that plug-in's has.
    private static readonly (string Image, string Name, PluginKind Kind)[] _known =
    [
        ("cilium/cilium", "Cilium", PluginKind.Cilium),
        ("networking/cilium", "Cilium (Azure CNI)", PluginKind.Cilium),
        ("gke.gcr.io/cilium", "Cilium (GKE Dataplane V2)", PluginKind.Cilium),
        ("calico/node", "Calico", PluginKind.KernelTable),
        ("calico-node", "Calico", PluginKind.KernelTable),
        ("amazon-k8s-cni", "Amazon VPC CNI", PluginKind.KernelTable),
        ("azure-cns", "Azure CNI", PluginKind.KernelTable),
        ("azure-cni", "Azure CNI", PluginKind.KernelTable),
        ("flannel", "Flannel", PluginKind.KernelTable),
        ("kindnetd", "kindnet", PluginKind.KernelTable),
        ("kube-router", "kube-router", PluginKind.KernelTable),
        ("weave-kube", "Weave Net", PluginKind.KernelTable),
        ("ovn-kubernetes", "OVN-Kubernetes", PluginKind.OpenVSwitch),
        ("ovn-kube", "OVN-Kubernetes", PluginKind.OpenVSwitch),
        ("antrea-agent", "Antrea", PluginKind.OpenVSwitch),
        ("kube-ovn", "Kube-OVN", PluginKind.OpenVSwitch),
    ];

    public static async Task<IReadOnlyList<NetworkPlugin>> FindAsync(
        ClusterRead read, IReadOnlyList<JsonObject> nodes, IReadOnlyList<JsonObject> daemonSets, CancellationToken cancel)
    {
        var plugins = new List<NetworkPlugin>();
        foreach (var daemonSet in daemonSets)
        {
            if (Recognize(daemonSet) is not { } found || plugins.Exists(p => p.Name == found.Name))
            {
                continue;
            }

            plugins.Add(found.Kind == PluginKind.Cilium ? await CiliumAsync(read, found, daemonSet.Namespace(), cancel)
                : found.Name == "Calico" ? await CalicoAsync(read, found, daemonSet, cancel)
                : found);
        }

        // k3s has flannel inside, and tells its backend by an annotation.
        if (plugins.Count == 0 && nodes.Any(n => n.Text("metadata", "annotations", "flannel.alpha.coreos.com/backend-type").Length > 0))
        {
            plugins.Add(new NetworkPlugin("Flannel", PluginKind.KernelTable, "the annotation flannel.alpha.coreos.com/backend-type"));
        }

        return plugins;
    }

    private static NetworkPlugin? Recognize(JsonObject daemonSet)
    {
        var (ns, name) = (daemonSet.Namespace(), daemonSet.Name());
        var images = daemonSet.Items("spec", "template", "spec", "containers").Select(c => c.Text("image")).ToList();
        foreach (var (image, plugin, kind) in _known)
        {
            if (images.Exists(i => i.Contains(image, StringComparison.Ordinal)))
            {
                return new NetworkPlugin(plugin, kind, $"DaemonSet {ns}/{name}");
            }
        }

        // Images that are named by digest alone, as OpenShift's are.
        return name switch
        {
            "ovnkube-node" => new NetworkPlugin("OVN-Kubernetes", PluginKind.OpenVSwitch, $"DaemonSet {ns}/{name}"),
            "cilium" or "anetd" => new NetworkPlugin("Cilium", PluginKind.Cilium, $"DaemonSet {ns}/{name}"),
            "calico-node" => new NetworkPlugin("Calico", PluginKind.KernelTable, $"DaemonSet {ns}/{name}"),
            _ => null,
        };
    }

    private static async Task<NetworkPlugin> CiliumAsync(ClusterRead read, NetworkPlugin plugin, string ns, CancellationToken cancel)
    {
        var config = await read.GetAsync(
            ClusterTypes.ConfigMap, ns, "cilium-config", $"ConfigMap {ns}/cilium-config: what Cilium tracks itself", cancel);
        var replacement = config.Text("data", "kube-proxy-replacement");
        return plugin with
        {
            ReplacesKubeProxy = replacement is "true" or "strict",
            MasqueradesItself = config.IsTrue("data", "enable-bpf-masquerade"),
            OwnTcpEntries = config.Number("data", "bpf-ct-global-tcp-max"),
        };
    }

    private static async Task<NetworkPlugin> CalicoAsync(
        ClusterRead read, NetworkPlugin plugin, JsonObject daemonSet, CancellationToken cancel)
    {
        var felix = await read.GetAsync(
            ClusterTypes.FelixConfiguration, null, "default", "FelixConfiguration default: Calico's data plane", cancel);
        var byEnvironment = daemonSet.Items("spec", "template", "spec", "containers").SelectMany(c => c.Items("env"))
            .Any(e => e.Text("name") == "FELIX_BPFENABLED" && e.IsTrue("value"));
        return felix.IsTrue("spec", "bpfEnabled") || byEnvironment
            ? plugin with { Name = "Calico (eBPF)", Kind = PluginKind.CalicoEbpf, ReplacesKubeProxy = true }
            : plugin;
    }
}
