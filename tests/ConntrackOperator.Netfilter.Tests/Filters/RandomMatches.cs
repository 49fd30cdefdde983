using System.Net;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
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
                Protocol = Of<byte>([6, 6, 17, 17, 132, 136]),
                SourcePort = (ushort)_random.Next(1000, 1050),
                DestinationPort = Of(_ports),
                Zone = Of<ushort?>([null, null, 5, 6]),
                Mark = (uint)_random.Next(2),
                State = Of(_tcpNumbers),
                Status = FlowStatus.Confirmed | Of([FlowStatus.None, FlowStatus.SeenReply, FlowStatus.Assured, FlowStatus.SeenReply | FlowStatus.Assured])
                    | (offload && _random.Next(12) == 0 ? FlowStatus.Offload : FlowStatus.None),
                Id = (uint)_random.Next(1, int.MaxValue),
            };
            if (tuples.Add((entry.Source, entry.Destination, entry.Protocol, entry.SourcePort, entry.DestinationPort, entry.Zone)))
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
            byte? protocol = Sometimes(2) ? Of<byte>([6, 17, 132]) : null;
            var addresses = Sometimes(3) ? _v6 : _v4;
            match = new FlowMatch
            {
                Protocol = protocol,
                States = protocol == 6 && Sometimes(4) ? [Of(_tcpStates)] : protocol == 17 && Sometimes(4) ? [Of(["UNREPLIED", "REPLIED", "STREAM"])] : [],
                Unreplied = Sometimes(4) ? Sometimes(2) : null,
                Assured = Sometimes(8) ? Sometimes(2) : null,
                Source = Network(addresses),
                Destination = Network(addresses),
                ReplySource = Network(addresses),
                ReplyDestination = Sometimes(8) ? FlowNetwork.TryParse("192.0.2.9", out var n) ? n : null : Network(addresses),
                SourcePort = Sometimes(12) ? (ushort)_random.Next(1000, 1050) : null,
                DestinationPort = Sometimes(3) ? Of(_ports) : null,
                ReplySourcePort = Sometimes(12) ? Of(_ports) : null,
                Zone = Sometimes(5) ? Of<ushort>([0, 5, 6]) : null,
            };
        }

        return match;
    }

    /// <summary>The oracle: what a match means, by its documentation.</summary>
    internal static bool Means(FlowMatch match, FlowCase entry)
    {
        var (replied, assured) = ((entry.Status & FlowStatus.SeenReply) != 0, (entry.Status & FlowStatus.Assured) != 0);
        var state = entry.Protocol == 6 ? _tcpStates[Array.IndexOf(_tcpNumbers, entry.State)]
            : entry.Protocol == 132 ? "NONE"
            : assured ? "STREAM" : replied ? "REPLIED" : "UNREPLIED";
        return (match.Protocol is null || match.Protocol == entry.Protocol)
            && (match.States.Count == 0 || match.States.Contains(state))
            && (match.Unreplied is null || match.Unreplied != replied)
            && (match.Assured is null || match.Assured == assured)
            && In(match.Source, entry.Source) && In(match.Destination, entry.Destination)
            && In(match.ReplySource, entry.Destination) && In(match.ReplyDestination, entry.TranslatedSource ?? entry.Source)
            && (match.SourcePort is null || match.SourcePort == entry.SourcePort)
            && (match.DestinationPort is null || match.DestinationPort == entry.DestinationPort)
            && (match.ReplySourcePort is null || match.ReplySourcePort == entry.DestinationPort)
            && (match.Zone is null || match.Zone == (entry.Zone ?? 0));
    }

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
        return FlowNetwork.TryParse($"{address}/{Of([all, all, all, all - 8, 0])}", out var network) ? network : throw new FormatException(address);
    }

    private bool Sometimes(int oneIn) => _random.Next(oneIn) == 0;

    private T Of<T>(T[] values) => values[_random.Next(values.Length)];
}
