using System.Globalization;
using System.Text;
using ConntrackOperator.Planning.Advice.Facts;
using ConntrackOperator.Planning.Advice.Findings;
using ConntrackOperator.Planning.Formatting;
using ConntrackOperator.Planning.Settings;

namespace ConntrackOperator.Planning.Advice.Remedies;

/// <summary>Commands and policies as text that can be pasted.</summary>
internal static class Commands
{
    /// <summary>The table that holds all rules of ours, so that one command takes them away.</summary>
    internal const string Table = "conntrack_advice";
    private const string Waiting = "\nkubectl wait ";
    private const string Size = "table.size.entries";
    private const string Buckets = "table.buckets";

    /// <summary>Deletes entries.</summary>
    /// <param name="target">How commands are written.</param>
    /// <param name="protocol">Its name or number.</param>
    /// <param name="states">Any of these; null: any.</param>
    /// <param name="unreplied">Only those without a reply.</param>
    /// <param name="source">Of the original direction; null: any.</param>
    /// <param name="destination">Of the original direction; null: any.</param>
    /// <param name="port">The destination's; null: any.</param>
    /// <param name="idleSeconds">Only those that were idle for so long; null: any.</param>
    /// <param name="isAssumed">
    /// Whether that idle time rests on time-outs that nobody watched: then it is counted first, and said what is assumed.
    /// </param>
    internal static string Flush(
        AdviceTarget target,
        string protocol,
        IEnumerable<string>? states = null,
        bool unreplied = false,
        string? source = null,
        string? destination = null,
        int? port = null,
        long? idleSeconds = null,
        bool isAssumed = false)
    {
        var text = new StringBuilder(target.Node is null ? $"{target.Program} host flush" : $"{target.Program} flush --node {target.Node}");
        text.Append(" --protocol ").Append(protocol);
        foreach (var state in states ?? [])
        {
            text.Append(" --state ").Append(state);
        }

        text.Append(unreplied ? " --unreplied" : string.Empty);
        text.Append(source is null ? string.Empty : $" --source {source}");
        text.Append(destination is null ? string.Empty : $" --destination {destination}");
        text.Append(port is null ? string.Empty : $" --dport {port}");
        text.Append(idleSeconds is { } idle ? $" --idle-for {KubeDuration.Format(idle)}" : string.Empty);
        return isAssumed && target.Node is null
            ? $"{text} --timeouts-held --dry-run\n"
                + "# --timeouts-held assumes that no time-out was changed since these entries' last packets; not so, or not known: leave "
                + $"it out\n{text} --timeouts-held --yes"
            : text.Append(" --yes").ToString();
    }

    /// <summary>What whoever deletes by an idle time that rests on an assumption has to know; empty for any other.</summary>
    internal static string HeldNote(AdviceTarget target, bool isAssumed) => !isAssumed ? string.Empty
        : target.Node is null
            ? "; the first command only counts: go on when nobody changed the time-outs since these entries' last packets"
            : "; the agent deletes only what it knows to be idle for so long: nothing before it has watched the time-outs for that time";

    /// <summary>A look at what the machine does.</summary>
    internal static string Look(AdviceTarget target, string arguments) =>
        target.Node is null ? $"{target.Program} host {arguments}" : $"{target.Program} host {arguments}    # on {target.Node}";

    /// <summary>Puts fields of the policy in force.</summary>
    internal static AdviceStep Apply(AdviceTarget target, string what, params (string Field, string Value)[] fields)
    {
        var yaml = Policy(target, fields);
        if (target.Node is not null)
        {
            return new AdviceStep(what, $"kubectl apply -f - <<'EOF'\n{yaml}EOF", yaml) { Fields = fields };
        }

        if (!target.HasPlan)
        {
            return new AdviceStep(what, $"{target.Program} host apply -f - <<'EOF'\n{yaml}EOF", yaml) { Fields = fields };
        }

        // A policy applied alone undoes what the one in force says of other fields.
        var sysctls = fields.Select(
            field =>
                (SettingCatalog.ByPath.GetValueOrDefault(
                    field.Field == Size ? SettingCatalog.SizePath : field.Field)?.Sysctl, field.Value))
            .Where(pair => pair.Sysctl is not null)
            .Select(pair => $"sysctl -w net.netfilter.{pair.Sysctl}={Number(pair.Value)}");
        return new AdviceStep(
            $"{what}; put the fields into the policy that is in force as well, or it sets back what it names", string.Join('\n', sysctls),
            yaml);
    }

    /// <summary>
    /// The same step with the fields of those before it: each policy of the advice takes the place of the one that was applied before, and
    /// what that one set would go back.
    /// </summary>
    internal static AdviceStep After(AdviceTarget target, IReadOnlyList<(string Field, string Value)> before, AdviceStep step)
    {
        if (step.Fields is not { } own || before.Count == 0)
        {
            return step;
        }

        var all = Together(before, own);
        var again = Apply(target, $"{step.What}; what was advised before is in it too, or this would undo it", [.. all]);
        return step.Run?.Contains(Waiting, StringComparison.Ordinal) == true ? InForce(target, again) : again;
    }

    /// <summary>
    /// Each field once: of two sizes the larger, since the smaller was enough for one cause alone, and buckets for at least that size.
    /// Of another field the later value.
    /// </summary>
    internal static IReadOnlyList<(string Field, string Value)> Together(
        IEnumerable<(string Field, string Value)> before, IEnumerable<(string Field, string Value)> after)
    {
        var values = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (field, value) in before.Concat(after))
        {
            values[field] = field is Size or Buckets && values.TryGetValue(field, out var other) ? Larger(value, other) : value;
        }

        if (values.TryGetValue(Buckets, out var buckets) && values.TryGetValue(Size, out var size))
        {
            values[Buckets] = Larger(buckets, size);
        }

        return [.. values.Select(pair => (pair.Key, pair.Value))];
    }

    private static string Larger(string a, string b) =>
        long.Parse(a, CultureInfo.InvariantCulture) >= long.Parse(b, CultureInfo.InvariantCulture) ? a : b;

    /// <summary>
    /// The same step, over when the nodes have it: a flush that comes before would leave entries that came under the old setting. On the
    /// machine itself it is in force when the command returns.
    /// </summary>
    internal static AdviceStep InForce(AdviceTarget target, AdviceStep applied) => target.Node is null ? applied : applied with
    {
        Run = $"{applied.Run}{Waiting}--for=condition=Ready conntrackpolicy/{PolicyName(target)} --timeout=2m",
    };

    /// <summary>Rules in front of connection tracking.</summary>
    internal static string BeforeTracking(RuleFacts rules, string verdict, bool local, params Packets[] packets)
    {
        if (!rules.HasNft)
        {
            var chain = local ? "OUTPUT" : "PREROUTING";
            var jump = verdict == "notrack" ? "CT --notrack" : "DROP";
            return string.Join(
                '\n', packets.SelectMany(p => Programs(p).Select(program => $"{program} -t raw -I {chain} {p.Iptables()} -j {jump}")));
        }

        return Nft(local ? "raw_output" : "raw", local ? "output" : "prerouting", -310, packets.Select(p => $"{p.Nft()} {verdict}"));
    }

    /// <summary>The protocol of pings to or from an address or a network.</summary>
    internal static string Icmp(string address) => address.Contains(':', StringComparison.Ordinal) ? "icmpv6" : "icmp";

    // What names no address is of both versions of IP, each of which has its own program.
    private static string[] Programs(Packets packets) =>
        packets.IsV6 || packets.Protocol == "icmpv6" ? ["ip6tables"]
        : packets.Source is not null || packets.Destination is not null || packets.Protocol == "icmp" ? ["iptables"]
        : ["iptables", "ip6tables"];

    /// <summary>Not tracked at all, whichever way it comes.</summary>
    internal static string NoTrack(RuleFacts rules, params Packets[] packets) =>
        BeforeTracking(rules, "notrack", false, packets) + "\n" + BeforeTracking(rules, "notrack", true, packets);

    /// <summary>At most so many connections at a time; more are turned away before they get an entry.</summary>
    internal static string LimitConnections(RuleFacts rules, Packets packets, int most, bool local)
    {
        var chain = local ? "OUTPUT" : "PREROUTING";
        return rules.HasNft
            ? Nft(
                local ? "connections_output" : "connections", local ? "output" : "prerouting", -151,
                [$"{packets.Nft()} ct state new ct count over {most} drop"])
            : $"{(packets.IsV6 ? "ip6tables" : "iptables")} -t mangle -I {chain} {packets.Iptables()} --syn -m connlimit "
            + $"--connlimit-above {most} --connlimit-mask 0 -j DROP";
    }

    /// <summary>A time-out of their own for packets to one UDP port.</summary>
    internal static string UdpTimeout(string name, int port, long seconds)
    {
        var body = new StringBuilder("nft -f - <<'EOF'\n");
        body.Append($"table inet {Table} {{\n");
        foreach (var family in (string[])["ip", "ip6"])
        {
            body.Append(
                $"  ct timeout {name}_{family} {{ protocol udp; l3proto {family}; policy = {{ unreplied : {seconds}, replied : {seconds} "
                    + "}; }\n");
        }

        foreach (var (chain, hook) in ((string, string)[])[("timeouts", "prerouting"), ("timeouts_output", "output")])
        {
            body.Append($"  chain {chain} {{\n    type filter hook {hook} priority -160; policy accept;\n");
            body.Append($"    meta nfproto ipv4 udp dport {port} ct timeout set \"{name}_ip\"\n");
            body.Append($"    meta nfproto ipv6 udp dport {port} ct timeout set \"{name}_ip6\"\n  }}\n");
        }

        return body.Append("}\nEOF").ToString();
    }

    /// <summary>How every rule of ours is taken away; in words, since whoever runs all steps in a row must not undo the first.</summary>
    internal static AdviceStep Undo(RuleFacts rules, string when) => new(rules.HasNft
        ? $"{when}: nft delete table inet {Table}"
        : $"{when}: the rules above again with -D in the place of -I");

    private static string Nft(string chain, string hook, int priority, IEnumerable<string> rules)
    {
        var text = new StringBuilder("nft -f - <<'EOF'\n");
        text.Append($"add table inet {Table}\n");
        text.Append($"add chain inet {Table} {chain} {{ type filter hook {hook} priority {priority}; policy accept; }}\n");
        foreach (var rule in rules)
        {
            text.Append($"add rule inet {Table} {chain} {rule}\n");
        }

        return text.Append("EOF").ToString();
    }

    private static string PolicyName(AdviceTarget target) => target.Node is null ? "advice" : $"advice-{target.Node}";

    private static string Policy(AdviceTarget target, (string Field, string Value)[] fields)
    {
        var text = new StringBuilder("apiVersion: conntrack.dev/v1alpha1\nkind: ConntrackPolicy\nmetadata:\n  name: ");
        text.Append(PolicyName(target)).Append("\nspec:\n");
        if (target.Node is { } node)
        {
            text.Append("  nodeSelector:\n    matchLabels:\n      kubernetes.io/hostname: ").Append(node).Append("\n  priority: 1000\n");
        }

        var open = new List<string>();
        foreach (var (field, value) in fields.OrderBy(f => f.Field, StringComparer.Ordinal))
        {
            var path = field.Split('.');
            var shared = 0;
            while (shared < path.Length - 1 && shared < open.Count && open[shared] == path[shared])
            {
                shared++;
            }

            for (var i = shared; i < path.Length - 1; i++)
            {
                text.Append(' ', 2 * (i + 1)).Append(path[i]).Append(":\n");
            }

            text.Append(' ', 2 * path.Length).Append(path[^1]).Append(": ").Append(value).Append('\n');
            open = [.. path[..^1]];
        }

        return text.ToString();
    }

    private static string Number(string value) =>
        value is "true" ? "1" : value is "false" ? "0" : KubeDuration.TryParse(value, out var seconds, out _) ? seconds.ToString() : value;
}
