using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Engine.Culprits;
using ConntrackOperator.Planning.Settings;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>Finds what else writes sysctls of connection tracking, as far as objects of the cluster show it.</summary>
internal static partial class WriterGathering
{
    public static async Task<IReadOnlyList<SysctlWriter>> FindAsync(
        ClusterRead read, IReadOnlyList<JsonObject> daemonSets, CancellationToken cancel)
    {
        var writers = daemonSets.SelectMany(OfDaemonSet).ToList();
        writers.AddRange(await TunedGathering.FindAsync(read, cancel));
        foreach (var config in await read.ListAsync(
            ClusterTypes.MachineConfig, null, null, "MachineConfigs: files under /etc/sysctl.d", cancel) ?? [])
        {
            writers.AddRange(
                config.Items("spec", "config", "storage", "files").Where(f => f.Text("path").Contains("sysctl", StringComparison.Ordinal))
                    .SelectMany(file => Writers(
                        OfFile(file.Text("path"), Content(file.Text("contents", "source"))),
                        $"MachineConfig {config.Name()}, {file.Text("path")}",
                        "take the line out of the MachineConfig; its pool's nodes start anew for that")));
        }

        foreach (var kind in await read.ListAsync(ClusterTypes.Ec2NodeClass, null, null, "EC2NodeClasses: sysctls in user data", cancel)
            ?? [])
        {
            writers.AddRange(
                Writers(
                    Settings(kind.Text("spec", "userData")), $"EC2NodeClass {kind.Name()}, spec.userData",
                    "take it out of the user data (Bottlerocket: settings.kernel.sysctl); nodes made from then on are without it"));
        }

        return writers;
    }

    /// <summary>The sysctls of connection tracking that a file sets: by the grammar of sysctl.d, or it is a script.</summary>
    internal static IEnumerable<(string Sysctl, long? Value)> OfFile(string path, string text) =>
        path.Contains("/sysctl.d/", StringComparison.Ordinal) || path.EndsWith("/sysctl.conf", StringComparison.Ordinal)
            ? SysctlText.Settings(text, SettingCatalog.Fields.Select(f => f.Sysctl)) : Settings(text);

    /// <summary>The sysctls of connection tracking that a script or Bottlerocket's TOML sets, outside of lines that are comments.</summary>
    internal static IEnumerable<(string Sysctl, long? Value)> Settings(string text) => text.Split('\n')
        .Where(line => !line.AsSpan().TrimStart().StartsWith('#'))
        .SelectMany(line => Setting().Matches(line))
        .GroupBy(m => m.Groups[1].Value)
        .Select(g => (g.Key, SysctlLine.Number(g.Last().Groups[2].Value)));

    private static IEnumerable<SysctlWriter> Writers(IEnumerable<(string Sysctl, long? Value)> settings, string who, string remedy) =>
        settings.Select(s => new SysctlWriter(who, s.Sysctl, s.Value, remedy));

    // A container that only reads a key (an exporter) has no value beside its name. This operator's own agent has none either.
    private static IEnumerable<SysctlWriter> OfDaemonSet(JsonObject daemonSet)
    {
        var template = daemonSet.At("spec", "template", "spec");
        var text = string.Join('\n', template.Items("initContainers").Concat(template.Items("containers"))
            .Where(c => c.Text("name") != "kube-proxy")
            .SelectMany(
                c => c.Texts("command").Concat(c.Texts("args")).Concat(c.Items("env").Select(e => $"{e.Text("name")}={e.Text("value")}"))));
        return Writers(
            Settings(text), $"DaemonSet {daemonSet.Namespace()}/{daemonSet.Name()}",
            $"take it out of the DaemonSet's command (kubectl -n {daemonSet.Namespace()} edit daemonset {daemonSet.Name()}), or the "
                + "field out of the policy");
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
    [GeneratedRegex(@"(?:net[./](?:netfilter[./])?)(nf_(?:conntrack|flowtable)_[a-z0-9_]+)""?\s*=\s*[""'>]?\s*([0-9a-zA-Z]*)")]
    private static partial Regex Setting();
}
