using System.Net;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Tests.Flows;

namespace ConntrackOperator.Netfilter.Tests.Filters;

/// <summary>Tables and matches by a seed, from few values each, so that much nearly matches; and which entries a match means.</summary>
internal sealed class RandomMatches(int seed)
{
    private static readonly string[] _v4 = ["10.0.0.1", "10.0.0.2", "10.0.1.1"];
    private static readonly string[] _v6 = ["2001:db8::1", "2001:db8::2", "2001:db8:1::1"];
    private static readonly ushort[] _ports = [53, 443, 8080];
    private static readonly string[] _tcpStates = ["SYN_SENT", "ESTABLISHED", "TIME_WAIT"];
    private static readonly byte[] _tcpNumbers = [1, 3, 7];

    private readonly Random _random = new(seed);

    internal List<FlowCase> Table(int entries, bool offload = true)
    {
        List<FlowCase> table = [];
        HashSet<(string, string, byte, ushort, ushort, ushort?)> tuples = [];
        while (table.Count < entries)
        {
            var addresses = _random.Next(3) == 0 ? _v6 : _v4;
            var entry = new FlowCase
            {
                Source = Of(addresses),
                Destination = Of(addresses),
                TranslatedSource = addresses == _v4 && _random.Next(6) == 0 ? "192.0.2.9" : null,
                Protocol = Of<byte>([6, 6, 17, 17, 132, 136, addresses == _v6 ? (byte)58 : (byte)1, 47]),
                SourcePort = (ushort)_random.Next(1000, 1050),
                DestinationPort = Of(_ports),
                TranslatedPort = _random.Next(8) == 0 ? (ushort)_random.Next(1000, 1050) : null,
                Zone = Of<ushort?>([null, null, 5, 6]),
                OriginalZone = _random.Next(8) == 0 ? Of<ushort?>([5, 6]) : null,
                Mark = (uint)_random.Next(2),
                State = Of(_tcpNumbers),
                Status = FlowStatus.Confirmed
                    | Of([FlowStatus.None, FlowStatus.SeenReply, FlowStatus.Assured, FlowStatus.SeenReply | FlowStatus.Assured])
                    | (offload && _random.Next(12) == 0 ? FlowStatus.Offload : FlowStatus.None),
                Id = (uint)_random.Next(1, int.MaxValue),
            };
            entry = entry.OriginalZone is null ? entry : entry with { Zone = null };
            if (entry.IsIcmp)
            {
                entry = entry with
                {
                    SourcePort = (ushort)_random.Next(1000, 1005),
                    DestinationPort = (ushort)((Of(Types(entry.Protocol)) << 8) | _random.Next(2)),
                };
            }
            else if (entry.Protocol == 47)
            {
                entry = entry with { SourcePort = (ushort)_random.Next(3), DestinationPort = (ushort)_random.Next(3) };
            }

            if (tuples.Add((
                entry.Source, entry.Destination, entry.Protocol, entry.SourcePort, entry.DestinationPort,
                entry.Zone ?? entry.OriginalZone)))
            {
                table.Add(entry);
            }
        }

        return table;
    }

    internal FlowMatch Match()
    {
        var match = new FlowMatch();
        while (match.IsEmpty)
        {
            byte? protocol = Sometimes(2) ? Of<byte>([6, 17, 132, 1, 58, 47]) : null;
            var (icmp, gre) = (protocol is 1 or 58 || Sometimes(12), protocol == 47 || Sometimes(12));
            var addresses = Sometimes(3) ? _v6 : _v4;
            match = new FlowMatch
            {
                Protocol = protocol,
                States = protocol == 6 && Sometimes(4) ? [Of(_tcpStates)]
                    : protocol == 17 && Sometimes(4) ? [Of(["UNREPLIED", "REPLIED", "STREAM"])] : [],
                Unreplied = Sometimes(4) ? Sometimes(2) : null,
                Assured = Sometimes(8) ? Sometimes(2) : null,
                Source = Network(addresses),
                Destination = Network(addresses),
                ReplySource = Network(addresses),
                ReplyDestination = Sometimes(8) ? FlowNetwork.TryParse("192.0.2.9", out var n) ? n : null : Network(addresses),
                SourcePort = Sometimes(12) ? (ushort)_random.Next(1000, 1050) : null,
                DestinationPort = Sometimes(3) ? Of(_ports) : null,
                ReplySourcePort = Sometimes(12) ? Of(_ports) : null,
                ReplyDestinationPort = Sometimes(12) ? (ushort)_random.Next(1000, 1050) : null,
                Icmp = icmp ? Icmp(protocol ?? 1) : default,
                ReplyIcmp = icmp && Sometimes(3) ? Icmp(protocol ?? 1) : default,
                Gre = gre ? Gre() : default,
                ReplyGre = gre && Sometimes(3) ? Gre() : default,
                Zone = Sometimes(5) ? Of<ushort>([0, 5, 6]) : null,
            };
        }

        return match;
    }

    /// <summary>The oracle: what a match means, by its documentation.</summary>
    internal static bool Means(FlowMatch match, FlowCase entry)
    {
        var (ports, gre) = (entry.Protocol is 6 or 17 or 132 or 136, entry.Protocol == 47);
        var (replied, assured) = ((entry.Status & FlowStatus.SeenReply) != 0, (entry.Status & FlowStatus.Assured) != 0);
        var state = entry.Protocol == 6 ? _tcpStates[Array.IndexOf(_tcpNumbers, entry.State)]
            : entry.Protocol != 17 && entry.Protocol != 136 ? "NONE"
            : assured ? "STREAM" : replied ? "REPLIED" : "UNREPLIED";
        return (match.Protocol is null || match.Protocol == entry.Protocol)
            && (match.States.Count == 0 || match.States.Contains(state))
            && (match.Unreplied is null || match.Unreplied != replied)
            && (match.Assured is null || match.Assured == assured)
            && In(match.Source, entry.Source) && In(match.Destination, entry.Destination)
            && In(match.ReplySource, entry.Destination) && In(match.ReplyDestination, entry.TranslatedSource ?? entry.Source)
            && Has(match.SourcePort, entry.SourcePort, ports) && Has(match.DestinationPort, entry.DestinationPort, ports)
            && Has(match.ReplySourcePort, entry.ReplyParts.First, ports) && Has(match.ReplyDestinationPort, entry.ReplyParts.Second, ports)
            && HasIcmp(match.Icmp, entry, (entry.SourcePort, entry.DestinationPort)) && HasIcmp(match.ReplyIcmp, entry, entry.ReplyParts)
            && Has(match.Gre.SourceKey, entry.SourcePort, gre) && Has(match.Gre.DestinationKey, entry.DestinationPort, gre)
            && Has(match.ReplyGre.SourceKey, entry.ReplyParts.First, gre)
            && Has(match.ReplyGre.DestinationKey, entry.ReplyParts.Second, gre)
            && (match.Zone is null || match.Zone == (entry.Zone ?? entry.OriginalZone ?? 0));
    }

    private static bool Has(int? asked, int value, bool hasIt) => asked is null || (hasIt && asked == value);

    private static bool HasIcmp(IcmpMatch asked, FlowCase entry, (ushort Id, ushort TypeAndCode) parts) =>
        Has(asked.Id, parts.Id, entry.IsIcmp) && Has(asked.Type, parts.TypeAndCode / 256, entry.IsIcmp)
            && Has(asked.Code, parts.TypeAndCode % 256, entry.IsIcmp);

    private static byte[] Types(byte protocol) => protocol == 1 ? [8, 8, 13, 0] : [128, 128, 139];

    // Some of no answer, which the kernel refuses to compare.
    private IcmpMatch Icmp(byte protocol) => new(
        Sometimes(2) ? Of([.. Types(protocol), protocol == 1 ? (byte)3 : (byte)1]) : null, Sometimes(4) ? (byte)_random.Next(2) : null,
        Sometimes(3) ? (ushort)_random.Next(1000, 1005) : null);

    private GreMatch Gre() => new(Sometimes(2) ? (ushort)_random.Next(3) : null, Sometimes(3) ? (ushort)_random.Next(3) : null);

    internal static bool In(FlowNetwork? network, string address) =>
        network is not { } net || IPNetwork.Parse(net.ToString()).Contains(IPAddress.Parse(address));

    private FlowNetwork? Network(string[] addresses)
    {
        if (!Sometimes(6))
        {
            return null;
        }

        var address = Of(addresses);
        var all = address.Contains(':', StringComparison.Ordinal) ? 128 : 32;
        return FlowNetwork.TryParse($"{address}/{Of([all, all, all, all - 8, 0])}", out var network)
            ? network
            : throw new FormatException(address);
    }

    private bool Sometimes(int oneIn) => _random.Next(oneIn) == 0;

    private T Of<T>(T[] values) => values[_random.Next(values.Length)];
}
