using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Cli.Doctor.Facts;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>
/// Finds every kube-proxy: DaemonSets with a container of that name or command, with the ConfigMap that their --config is mounted from; the
/// mirrors of static pods; k3s and RKE2, which have one inside and write their arguments to an annotation of the node.
/// </summary>
internal static class ProxyGathering
{
    private const string Program = "kube-proxy";

    public static async Task<IReadOnlyList<ProxyFacts>> FindAsync(
        ClusterRead read, IReadOnlyList<JsonObject> nodes, IReadOnlyList<JsonObject> daemonSets, CancellationToken cancel)
    {
        var proxies = new List<ProxyFacts>();
        foreach (var daemonSet in daemonSets)
        {
            // One that selects no node is switched off, as Calico's and Cilium's documentation have it, and as GKE's is.
            var template = daemonSet.At("spec", "template", "spec");
            if (Container(template) is { } container && daemonSet.Number("status", "desiredNumberScheduled") is not 0)
            {
                proxies.Add(await OfDaemonSetAsync(read, daemonSet, template, container, cancel));
            }
        }

        var pods = await read.ListAsync(ClusterTypes.Pod, "kube-system", "component=kube-proxy", "static pods of kube-proxy", cancel) ?? [];
        var alike = pods.Where(
            p => p.Items("metadata", "ownerReferences").All(o => o.Text("kind") == "Node") && Container(p.At("spec")) is not null)
            .Select(
                p =>
                    (Node: p.Text("spec", "nodeName"),
                    Proxy: OfFlags(
                        ProxyKind.StaticPodFlags, "the flags of the static pods kube-system/kube-proxy-…", string.Empty, "kube-system",
                        Container(p.At("spec"))!)))
            .GroupBy(p => p.Proxy);
        proxies.AddRange(alike.Select(group => group.Key with { Nodes = [.. group.Select(p => p.Node)] }));
        proxies.AddRange(Embedded(nodes, "k3s"));
        proxies.AddRange(Embedded(nodes, "rke2"));
        return proxies;
    }

    private static JsonNode? Container(JsonNode? pod) => pod.Items("containers")
        .FirstOrDefault(
            c => c.Text("name") == Program
                || CommandWords.Of(c).Any(w => w == Program || w.EndsWith("/" + Program, StringComparison.Ordinal)));

    private static async Task<ProxyFacts> OfDaemonSetAsync(
        ClusterRead read, JsonObject daemonSet, JsonNode? template, JsonNode container, CancellationToken cancel)
    {
        var (ns, name) = (daemonSet.Namespace(), daemonSet.Name());
        var proxy = OfFlags(ProxyKind.DaemonSetFlags, $"the flags of DaemonSet {ns}/{name}", name, ns, container);
        if (!CommandWords.Flags(CommandWords.Of(container)).ContainsKey("config"))
        {
            return proxy;
        }

        // The configuration beats the flags: with one that can't be read nothing is known.
        foreach (var map in template.Items("volumes").Select(v => v.Text("configMap", "name")).Where(n => n.Length > 0).Distinct())
        {
            var data = await read.GetAsync(
                ClusterTypes.ConfigMap, ns, map, $"ConfigMap {ns}/{map}, the configuration of kube-proxy", cancel);
            foreach (var (key, text) in data.Map("data"))
            {
                if (ProxyConfigurationText.Parse(text) is { } found)
                {
                    return proxy with
                    {
                        Kind = ProxyKind.ConfigMap,
                        Source = $"ConfigMap {ns}/{map}, {key}",
                        Owner = map,
                        Conntrack = found.Conntrack,
                        Mode = found.Mode.Length > 0 ? found.Mode : proxy.Mode,
                    };
                }
            }
        }

        return proxy with { Kind = ProxyKind.ConfigMap, Source = $"DaemonSet {ns}/{name} names a file with --config", Conntrack = null };
    }

    private static ProxyFacts OfFlags(ProxyKind kind, string source, string owner, string ns, JsonNode container)
    {
        var flags = CommandWords.Flags(CommandWords.Of(container));
        return new ProxyFacts
        {
            Kind = kind,
            Source = source,
            Owner = owner,
            Namespace = ns,
            Version = ImageVersion(container.Text("image")),
            Mode = flags.GetValueOrDefault("proxy-mode") ?? string.Empty,
            Conntrack = ProxyConfigurationText.Conntrack(flags),
        };
    }

    private static KubeVersion? ImageVersion(string image) =>
        KubeVersion.Find(image[(image.LastIndexOf(':') + 1)..]) is { Major: 1 } version ? version : null;

    private static IEnumerable<ProxyFacts> Embedded(IReadOnlyList<JsonObject> nodes, string program) => nodes
        .Select(node => (Name: node.Name(), Arguments: node.Text("metadata", "annotations", program + ".io/node-args")))
        .Where(
            n => n.Arguments.Length > 0 && !n.Arguments.Contains("disable-kube-proxy\",\"true", StringComparison.Ordinal)
                && !n.Arguments.Contains("\"--disable-kube-proxy\"", StringComparison.Ordinal))
        .Select(n => (n.Name, Proxy: OfArguments(program, n.Arguments)))
        .GroupBy(n => n.Proxy)
        .Select(group => group.Key with { Nodes = [.. group.Select(n => n.Name)] });

    private static ProxyFacts OfArguments(string program, string json)
    {
        string[] words;
        try
        {
            words = [.. JsonNode.Parse(json).Texts()];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            words = [];
        }

        var given = new List<string>();
        for (var i = 0; i < words.Length; i++)
        {
            const string argument = "--kube-proxy-arg";
            if (words[i] == argument && i + 1 < words.Length)
            {
                given.Add("--" + words[i + 1].TrimStart('-'));
            }
            else if (words[i].StartsWith(argument + "=", StringComparison.Ordinal))
            {
                given.Add("--" + words[i][(argument.Length + 1)..].TrimStart('-'));
            }
        }

        var flags = CommandWords.Flags(given);
        return new ProxyFacts
        {
            Kind = ProxyKind.Embedded,
            Source = given.Count == 0
                ? $"the kube-proxy inside {program}, without arguments of its own"
                : $"kube-proxy-arg of {program} (annotation {program}.io/node-args)",
            Owner = program,
            Mode = flags.GetValueOrDefault("proxy-mode") ?? string.Empty,
            Conntrack = ProxyConfigurationText.Conntrack(flags),
        };
    }
}
