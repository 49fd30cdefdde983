using System.Text;
using System.Text.RegularExpressions;
using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Cli.Backup;

/// <summary>Entries in the form that <c>conntrack -R</c> loads (conntrack(8), -o save). Pure.</summary>
internal static partial class EntryLine
{
    private const byte Icmp = 1;
    private const byte Tcp = 6;
    private const byte Gre = 47;
    private const byte Icmpv6 = 58;

    /// <summary>
    /// The line; null when an entry made from it would not be the same: SCTP needs its verification tags and DCCP its roles, which are not
    /// read.
    /// </summary>
    public static string? From(in Flow flow)
    {
        if (flow.Has(FlowFields.State) && flow.Protocol != Tcp)
        {
            return null;
        }

        var (o, r) = (flow.Original, flow.Reply);
        var line = new StringBuilder();
        var status = string.Join(',', new[] { flow.IsUnreplied ? null : "SEEN_REPLY", flow.IsAssured ? "ASSURED" : null }.OfType<string>());
        line.Append($"-A -t {flow.TimeoutSeconds} -u {(status.Length == 0 ? "UNSET" : status)}");
        line.Append(
            $" -s {o.Source} -d {o.Destination} {(flow.IsDestinationTranslated ? "-g" : "-r")} {r.Source} "
                + $"{(flow.IsSourceTranslated ? "-n" : "-q")} {r.Destination}");

        // The tool knows those by name that have a tracker, and others only where there is an /etc/protocols.
        var known = o.HasPorts || flow.Protocol is Icmp or Icmpv6 or Gre;
        line.Append($" -p {(known ? FlowProtocols.Name(flow.Protocol) : flow.Protocol)}");
        line.Append(flow.Protocol switch
        {
            _ when o.HasPorts =>
                $" --sport {o.SourcePort} --dport {o.DestinationPort} --reply-port-src {r.SourcePort} --reply-port-dst {r.DestinationPort}",
            Icmp => $" --icmp-type {o.IcmpType} --icmp-code {o.IcmpCode} --icmp-id {o.IcmpId}",
            Icmpv6 => $" --icmpv6-type {o.IcmpType} --icmpv6-code {o.IcmpCode} --icmpv6-id {o.IcmpId}",
            Gre => $" --srckey {o.SourceKey} --dstkey {o.DestinationKey} --reply-key-src {r.SourceKey} --reply-key-dst {r.DestinationKey}",
            _ => string.Empty,
        });
        if (flow.Has(FlowFields.State))
        {
            line.Append(" --state ").Append(flow.StateName);
        }

        if (flow.Mark != 0)
        {
            line.Append($" -m {flow.Mark}");
        }

        line.Append(flow.Has(FlowFields.OriginalZone) ? $" --orig-zone {flow.OriginalZone}"
            : flow.Has(FlowFields.ReplyZone) ? $" --reply-zone {flow.ReplyZone}"
            : flow.Zone != 0 ? $" -w {flow.Zone}"
            : string.Empty);
        return line.ToString();
    }

    /// <summary>What stays the same while the entry lives: its tuples and zone.</summary>
    public static string Key(string line) => Changing().Replace(line, string.Empty);

    /// <summary>Whether the line adds one entry and does nothing else: a file may come from anywhere, and -R takes any command.</summary>
    public static bool IsSafe(string line) => Safe().IsMatch(line);

    [GeneratedRegex(@" (-t|-u|-m|--state) \S+")]
    private static partial Regex Changing();

    [GeneratedRegex(
        @"^-A( (-[tusdrqgnpmw]|--(sport|dport|reply-port-src|reply-port-dst|icmp-type|icmp-code|icmp-id|icmpv6-type|icmpv6-code|icmpv6-id|"
            + @"srckey|dstkey|reply-key-src|reply-key-dst|state|orig-zone|reply-zone)) [A-Za-z0-9_.:,]+)+\z")]
    private static partial Regex Safe();
}
