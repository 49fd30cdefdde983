using System.Globalization;
using System.Text;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Tests.Flows;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Filters;

/// <summary>Random tables and matches on this machine's kernel, whatever it is.</summary>
[Collection(MachineCollection.Name)]
public sealed class KernelFilteredFlushTests : MachineTest
{
    private const int Rounds = 90;

    private static readonly string[] _states = ["NONE", "SYN_SENT", "", "ESTABLISHED", "", "", "", "TIME_WAIT"];

    [Fact]
    public void What_is_left_is_what_did_not_match_in_a_full_dump_before()
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        var filters = new FilterSupport();
        var (byKernel, oneByOne, deleted) = (0, 0, 0L);
        for (var seed = 0; seed < Rounds; seed++)
        {
            var random = new RandomMatches(1000 + seed);
            Load(space, random.Table(80, offload: false));
            var before = Read(space);
            var match = random.Match();
            var deleter = new FlowDeleter(filters: filters) { MostChecked = seed % 3 == 0 ? 5 : FilteredFlush.MostChecked };
            var result = space.Run(() => deleter.Delete(match, dryRun: false));
            var expected = before.Where(e => !RandomMatches.Means(match, e.Entry)).Select(e => e.Id).Order().ToList();
            Assert.True(expected.SequenceEqual(Read(space).Select(e => e.Id).Order()), $"seed {seed}: not what {match} should have left");
            Assert.Equal((seed, before.Count - expected.Count), (seed, (int)result.Deleted));
            deleted += result.Deleted;
            byKernel += result.ByKernel ? 1 : 0;
            oneByOne += result.ByKernel ? 0 : 1;
            space.Execute("conntrack", "-F");
        }

        Assert.True(deleted > 0 && oneByOne > 0);
        var flushes = space.Run(() => FilterProbe.Ask(NetlinkSocket.Open, KernelFilters.Flush)) == true;
        Assert.Equal(flushes, byKernel > 0);
    }

    [Fact]
    public void What_the_kernel_gets_wrong_is_still_wrong_so_it_is_rightly_not_left_to_it()
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        List<FlowCase> table =
        [
            new() { Source = "2001:db8::1", Destination = "2001:db8::9" }, new() { Source = "2001:db8::2", Destination = "2001:db8::9" },
            new() { Protocol = 132, DestinationPort = 443 }, new() { Protocol = 132, DestinationPort = 444 },
        ];
        Load(space, table);
        foreach (var match in new[]
        {
            new FlowMatch { Source = FlowNetwork.TryParse("2001:db8::1", out var one) ? one : null },
            new FlowMatch { Protocol = 132, DestinationPort = 443 },
        })
        {
            var expected = Read(space).Where(e => !RandomMatches.Means(match, e.Entry)).Select(e => e.Id).Order().ToList();
            var result = space.Run(() => new FlowDeleter().Delete(match, dryRun: false));
            Assert.Equal((1L, false), (result.Deleted, result.ByKernel));
            Assert.Equal(expected, Read(space).Select(e => e.Id).Order());
        }
    }

    [Theory]
    [InlineData(1, "10.0.0.1", "10.0.0.2", 8, 0)]
    [InlineData(58, "2001:db8::1", "2001:db8::2", 128, 129)]
    public void Echoes_of_one_identifier_go_by_one_request_and_no_other_message(
        byte protocol, string source, string destination, byte type, byte answer)
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        FlowCase Message(byte of, byte code, ushort id) =>
            new()
            {
                Protocol = protocol,
                Source = source,
                Destination = destination,
                DestinationPort = (ushort)((of << 8) | code),
                SourcePort = id,
            };
        var other = (byte)(protocol == 1 ? 13 : 139);
        Load(
            space,
            [
                Message(type, 0, 7), Message(type, 1, 7), Message(type, 0, 0x700), Message(other, 0, 7), Message(answer, 0, 9),
                new FlowCase { SourcePort = 7 },
            ]);
        var flushes = space.Run(() => FilterProbe.Ask(NetlinkSocket.Open, KernelFilters.Flush)) == true;
        foreach (var (match, left) in new[]
        {
            (new FlowMatch { Protocol = protocol, Icmp = new(type, 0, 7) }, 5),
            (new FlowMatch { Protocol = protocol, ReplyIcmp = new(answer, 1) }, 4),
            (new FlowMatch { Protocol = protocol, Icmp = new(Code: 0), ReplyIcmp = new(Type: type, Id: 9) }, 3),
        })
        {
            var result = space.Run(() => new FlowDeleter().Delete(match, dryRun: false));
            Assert.Equal((1L, flushes, left), (result.Deleted, result.ByKernel, Read(space).Count));
        }

        // Of a type that nobody answers there are no entries, and the kernel refuses to compare it.
        Assert.Equal(
            0,
            space.Run(() => new FlowDeleter().Delete(new FlowMatch { Protocol = protocol, Icmp = new(Type: 3) }, dryRun: false)).Deleted);
        Assert.Equal(3, Read(space).Count);
    }

    [Fact]
    public void Finding_out_what_the_kernel_can_leaves_the_table_as_it_is()
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        Load(space, new RandomMatches(1).Table(100, offload: false));
        var before = Read(space).Select(e => e.Id).Order().ToList();
        Assert.NotEmpty(before);
        foreach (var filter in new[] { KernelFilters.Flush, KernelFilters.Status, KernelFilters.Zone })
        {
            var answer = space.Run(() => FilterProbe.Ask(NetlinkSocket.Open, filter));
            Assert.NotNull(answer);
            Assert.Equal(
                Environment.OSVersion.Version >= (
                    filter switch { KernelFilters.Flush => new Version(6, 12), KernelFilters.Status => new(5, 15), _ => new(6, 8) }),
                answer.Value);
        }

        Assert.Equal(before, Read(space).Select(e => e.Id).Order());
    }

    /// <summary>Loads what the tool can: entries with a tuple that another has already are left out.</summary>
    private static void Load(NetworkNamespace space, IEnumerable<FlowCase> table)
    {
        var commands = new StringBuilder();
        HashSet<(string, string, byte, ushort, ushort, ushort?)> tuples = [];
        foreach (var made in table)
        {
            // The tool makes no ICMP with another identifier in the answer.
            var entry = made.IsIcmp ? made with { TranslatedPort = null } : made with
            {
                Protocol = made.Protocol == 136 ? (byte)17 : made.Protocol,
            };
            var (first, second) = entry.ReplyParts;
            var original = (
                entry.Source, entry.Destination, entry.Protocol, entry.SourcePort, entry.DestinationPort, entry.Zone ?? entry.OriginalZone);
            var reply = (entry.Destination, entry.TranslatedSource ?? entry.Source, entry.Protocol, first, second, entry.Zone);
            if (original != reply && !tuples.Contains(original) && !tuples.Contains(reply))
            {
                _ = tuples.Add(original) && tuples.Add(reply);
                commands.AppendLine(Command(entry));
            }
        }

        space.Execute("conntrack", "-R -", commands.ToString());
    }

    private static string Command(FlowCase entry)
    {
        List<string> status = [];
        if ((entry.Status & FlowStatus.SeenReply) != 0)
        {
            status.Add("SEEN_REPLY");
        }

        if ((entry.Status & FlowStatus.Assured) != 0)
        {
            status.Add("ASSURED");
        }

        var (first, second) = entry.ReplyParts;
        var (name, own, reply) = entry.Protocol switch
        {
            1 => (
                "icmp", $"--icmp-type {entry.DestinationPort >> 8} --icmp-code {entry.DestinationPort & 0xFF} --icmp-id {entry.SourcePort}",
                ""),
            58 => (
                "icmpv6",
                $"--icmpv6-type {entry.DestinationPort >> 8} --icmpv6-code {entry.DestinationPort & 0xFF} --icmpv6-id {entry.SourcePort}",
                ""),
            47 => (
                "gre", $"--srckey {entry.SourcePort} --dstkey {entry.DestinationPort}",
                $" --reply-key-src {first} --reply-key-dst {second}"),
            6 => ("tcp", $"{Ports(entry)} --state {_states[entry.State]}", $" --reply-port-src {first} --reply-port-dst {second}"),
            132 => (
                "sctp", $"{Ports(entry)} --state ESTABLISHED --orig-vtag 1 --reply-vtag 2",
                $" --reply-port-src {first} --reply-port-dst {second}"),
            _ => ("udp", Ports(entry), $" --reply-port-src {first} --reply-port-dst {second}"),
        };

        // The order matters to the tool: addresses come before what belongs to the protocol.
        var translated = entry.TranslatedSource is not null || entry.TranslatedPort is not null;
        return $"-A -p {name} -s {entry.Source} -d {entry.Destination}"
            + (translated ? $" -r {entry.Destination} -q {entry.TranslatedSource ?? entry.Source}" : "")
            + $" {own}{(translated ? reply : "")}"
            + " -t 3600" + (status.Count > 0 ? $" -u {string.Join(',', status)}" : "") + (entry.Zone is { } zone ? $" -w {zone}" : "")
            + (entry.OriginalZone is { } one ? $" --orig-zone {one}" : "");
    }

    private static string Ports(FlowCase entry) => $"--sport {entry.SourcePort} --dport {entry.DestinationPort}";

    /// <summary>The table as the tool prints it: nothing of ours reads it.</summary>
    private static List<(uint Id, FlowCase Entry)> Read(NetworkNamespace space) =>
    [
        .. ((string[])["ipv4", "ipv6"]).SelectMany(family => space.Execute("conntrack", $"-L -f {family} -o id").Split('\n'))
            .Where(line => line.Contains("src=", StringComparison.Ordinal)).Select(Parse),
    ];

    private static (uint Id, FlowCase Entry) Parse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var values = words.Where(w => w.Contains('=', StringComparison.Ordinal)).Select(w => w.Split('=')).ToLookup(w => w[0], w => w[1]);
        ushort Number(string name, int at) => values[name].ElementAtOrDefault(at) is not { } text ? (ushort)0
            : text.StartsWith("0x", StringComparison.Ordinal) ? Convert.ToUInt16(text, 16)
            : ushort.Parse(text, CultureInfo.InvariantCulture);
        (ushort First, ushort Second) Parts(int at) => words[1] switch
        {
            "1" or "58" => (Number("id", at), (ushort)((Number("type", at) << 8) | Number("code", at))),
            "47" => (Number("srckey", at), Number("dstkey", at)),
            _ => (Number("sport", at), Number("dport", at)),
        };
        var (original, reply) = (Parts(0), Parts(1));
        var id = uint.Parse(values["id"].Last(), CultureInfo.InvariantCulture);
        var entry = new FlowCase
        {
            Source = values["src"].First(),
            Destination = values["dst"].First(),
            TranslatedSource = values["dst"].Last(),
            Protocol = byte.Parse(words[1], CultureInfo.InvariantCulture),
            SourcePort = original.First,
            DestinationPort = original.Second,
            Status = (words.Contains("[UNREPLIED]") ? FlowStatus.None : FlowStatus.SeenReply)
                | (words.Contains("[ASSURED]") ? FlowStatus.Assured : FlowStatus.None),
            State = (byte)Math.Max(0, Array.IndexOf(_states, words[3])),
            Zone = values["zone-orig"].Any() ? null : Number("zone", 0),
            OriginalZone = values["zone-orig"].Any() ? Number("zone-orig", 0) : null,
            Id = id,
        };
        entry = entry with { TranslatedPort = entry.IsIcmp ? reply.First : reply.Second };
        Assert.Equal((reply, values["src"].Last()), (entry.ReplyParts, entry.Destination));
        return (id, entry);
    }
}
