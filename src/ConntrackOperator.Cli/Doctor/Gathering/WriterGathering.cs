using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConntrackOperator.Cli.Doctor.Facts;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>Finds what else writes sysctls of connection tracking, as far as objects of the cluster show it.</summary>
internal static partial class WriterGathering
{
    private const string TuningNamespace = "openshift-cluster-node-tuning-operator";

    public static async Task<IReadOnlyList<SysctlWriter>> FindAsync(
        ClusterRead read, IReadOnlyList<JsonObject> daemonSets, CancellationToken cancel)
    {
        var writers = daemonSets.SelectMany(OfDaemonSet).ToList();
        writers.AddRange(await OfTunedAsync(read, cancel));
        foreach (var config in await read.ListAsync(
            ClusterTypes.MachineConfig, null, null, "MachineConfigs: files under /etc/sysctl.d", cancel) ?? [])
        {
            writers.AddRange(
                config.Items("spec", "config", "storage", "files").Where(f => f.Text("path").Contains("sysctl", StringComparison.Ordinal))
                    .SelectMany(file =>
                Writers(
                    Content(file.Text("contents", "source")), $"MachineConfig {config.Name()}, {file.Text("path")}",
                    "take the line out of the MachineConfig; its pool's nodes start anew for that")));
        }

        foreach (var kind in await read.ListAsync(ClusterTypes.Ec2NodeClass, null, null, "EC2NodeClasses: sysctls in user data", cancel)
            ?? [])
        {
            writers.AddRange(
                Writers(
                    kind.Text("spec", "userData"), $"EC2NodeClass {kind.Name()}, spec.userData",
                    "take it out of the user data (Bottlerocket: settings.kernel.sysctl); nodes made from then on are without it"));
        }

        return writers;
    }

    /// <summary>The sysctls of connection tracking that a text sets: files of sysctls, scripts, Bottlerocket's TOML.</summary>
    internal static IEnumerable<(string Sysctl, long? Value)> Settings(string text) => Setting().Matches(text)
        .Select(
            m =>
                (m.Groups[1].Value,
                Value: (long?)(long.TryParse(m.Groups[2].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                    ? value : null)))
        .GroupBy(s => s.Item1)
        .Select(g => (g.Key, g.Last().Value));

    private static IEnumerable<SysctlWriter> Writers(string text, string who, string remedy) =>
        Settings(text).Select(s => new SysctlWriter(who, s.Sysctl, s.Value, remedy));

    // A container that only reads a key (an exporter) has no value beside its name. This operator's own agent has none either.
    private static IEnumerable<SysctlWriter> OfDaemonSet(JsonObject daemonSet)
    {
        var template = daemonSet.At("spec", "template", "spec");
        var text = string.Join('\n', template.Items("initContainers").Concat(template.Items("containers"))
            .Where(c => c.Text("name") != "kube-proxy")
            .SelectMany(
                c => c.Texts("command").Concat(c.Texts("args")).Concat(c.Items("env").Select(e => $"{e.Text("name")}={e.Text("value")}"))));
        return Writers(
            text, $"DaemonSet {daemonSet.Namespace()}/{daemonSet.Name()}",
            $"take it out of the DaemonSet's command (kubectl -n {daemonSet.Namespace()} edit daemonset {daemonSet.Name()}), or the "
                + "field out of the policy");
    }

    private static async Task<IEnumerable<SysctlWriter>> OfTunedAsync(ClusterRead read, CancellationToken cancel)
    {
        var tuneds = await read.ListAsync(ClusterTypes.Tuned, null, null, "Tuneds of the Node Tuning Operator", cancel) ?? [];
        if (tuneds.Count == 0)
        {
            return [];
        }

        var active =
            (await read.ListAsync(
                ClusterTypes.TunedProfile, TuningNamespace, null, "which tuned profile is in force on which node", cancel))?
            .ToLookup(
                p => p.Text("status", "tunedProfile") is { Length: > 0 } profile ? profile : p.Text("spec", "config", "tunedProfile"),
                p => p.Name());
        var profiles = tuneds.SelectMany(
            t => t.Items("spec", "profile").Select(p => (Tuned: t, Name: p.Text("name"), Data: p.Text("data")))).ToList();
        var writers = new List<SysctlWriter>();
        foreach (var (tuned, name, data) in profiles)
        {
            // A profile holds where it, or one that includes it, is active; what includes it and sets the same overrides it.
            var reached = active is null
                ? null
                : profiles.Where(p => p.Name == name || Includes(p.Data, name, profiles.Select(q => (q.Name, q.Data)).ToList(), 0))
                .SelectMany(p => active[p.Name]).Distinct().ToList();
            if (reached is { Count: 0 })
            {
                continue;
            }

            writers.AddRange(Settings(data)
                .Where(
                    s =>
                        !profiles.Exists(
                            p => p.Name != name && active?[p.Name].Any() == true
                                && Includes(p.Data, name, profiles.Select(q => (q.Name, q.Data)).ToList(), 0)
                                && Settings(p.Data).Any(o => o.Sysctl == s.Sysctl)))
                .Select(s => new SysctlWriter(
                    $"Tuned {tuned.Namespace()}/{tuned.Name()}, profile {name}", s.Sysctl, s.Value,
                    tuned.Name() is "default" or "rendered"
                        ? "give the policy the same value, or a Tuned of your own with a higher priority whose profile includes this one "
                        + "and has the policy's value; the operator undoes edits of its own"
                        : $"take the line out of its section [sysctl] (oc -n {tuned.Namespace()} edit tuned {tuned.Name()}), or the "
                        + "field out of the policy")
                { Nodes = reached }));
        }

        return writers;
    }

    private static bool Includes(string data, string name, IReadOnlyList<(string Name, string Data)> profiles, int depth)
    {
        if (depth > 16)
        {
            return false;
        }

        var included = Include().Matches(data).SelectMany(m => m.Groups[1].Value.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries))
            .ToList();
        return included.Contains(name) || profiles.Any(p => included.Contains(p.Name) && Includes(p.Data, name, profiles, depth + 1));
    }

    // data:,… or data:…;base64,… (RFC 2397), as Ignition has it.
    private static string Content(string source)
    {
        var comma = source.IndexOf(',', StringComparison.Ordinal);
        if (comma < 0)
        {
            return string.Empty;
        }

        var (head, body) = (source[..comma], source[(comma + 1)..]);
        if (!head.EndsWith(";base64", StringComparison.Ordinal))
        {
            return Uri.UnescapeDataString(body);
        }

        var bytes = new byte[body.Length];
        return Convert.TryFromBase64String(body, bytes, out var length) ? Encoding.UTF8.GetString(bytes, 0, length) : string.Empty;
    }

    // net.netfilter.nf_conntrack_max=1, net/netfilter/nf_conntrack_max = 1, "…nf_conntrack_max" = "1", echo 1 > …/nf_conntrack_max is not
    // told.
    [GeneratedRegex(@"(?:net[./](?:netfilter[./])?)(nf_(?:conntrack|flowtable)_[a-z0-9_]+)""?\s*=\s*[""'>]?\s*([0-9]+)?")]
    private static partial Regex Setting();

    [GeneratedRegex(@"(?m)^\s*include\s*=\s*(\S.*)$")]
    private static partial Regex Include();
}
