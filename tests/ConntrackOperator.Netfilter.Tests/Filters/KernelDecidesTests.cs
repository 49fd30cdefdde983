using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Tests.Flows;

namespace ConntrackOperator.Netfilter.Tests.Filters;

/// <summary>
/// Each condition by itself is the kernel's to decide: it sends what matches and nothing else, so that a million entries need not be read
/// for ten. (That a flush takes nothing else, whatever the kernel makes of a request, is <see cref="FilteredFlushTests"/>'.)
/// </summary>
public sealed class KernelDecidesTests
{
    private static readonly FlowCase _tcp = new() { Status = FlowStatus.Confirmed | FlowStatus.SeenReply | FlowStatus.Assured };
    private static readonly FlowCase _ping = new() { Protocol = 1, SourcePort = 7, DestinationPort = 8 << 8 };
    private static readonly FlowCase _ping6 = new()
    {
        Protocol = 58,
        SourcePort = 7,
        DestinationPort = 128 << 8,
        Source = "2001:db8::1",
        Destination = "2001:db8::2",
    };

    /// <summary>Entries that differ from another one in one thing each.</summary>
    private static readonly FlowCase[] _table =
    [
        .. new[]
        {
            _tcp, _tcp with { Source = "10.0.0.2" }, _tcp with { Destination = "192.0.2.2" }, _tcp with { SourcePort = 1025 },
            _tcp with { DestinationPort = 444 }, _tcp with { TranslatedSource = "198.51.100.1" }, _tcp with { TranslatedPort = 2000 },
            _tcp with { Protocol = 17 }, _tcp with { Protocol = 17, DestinationPort = 444 }, _tcp with { Zone = 5 },
            _tcp with { Mark = 0x15 }, _tcp with { Mark = 0x25 }, _tcp with { Status = FlowStatus.Confirmed },
            _tcp with { Status = FlowStatus.Confirmed | FlowStatus.SeenReply },
            _tcp with { Source = "2001:db8::1", Destination = "2001:db8::2" },
            _ping, _ping with { SourcePort = 8 }, _ping with { DestinationPort = 0 }, _ping with { DestinationPort = (8 << 8) | 1 },
            _ping with { TranslatedPort = 9 },
            _ping6, _ping6 with { SourcePort = 8 }, _ping6 with { DestinationPort = 129 << 8 },
            _ping6 with { DestinationPort = (128 << 8) | 1 }, _ping6 with { TranslatedPort = 9 },
        }.Select((entry, i) => entry with { Id = (uint)(100 + i) }),
    ];

    private static readonly Dictionary<string, (FlowFilter Filter, Func<FlowCase, bool> Means)> _conditions = new()
    {
        ["a source"] = Match(new() { Protocol = 6, Source = Host("10.0.0.1") }),
        ["a destination"] = Match(new() { Protocol = 6, Destination = Host("192.0.2.1") }),
        ["a source of whatever protocol"] = Match(new() { Source = Host("10.0.0.1") }),
        ["a source and a destination"] = Match(new() { Source = Host("10.0.0.1"), Destination = Host("192.0.2.1") }),
        ["a source's port"] = Match(new() { Protocol = 6, SourcePort = 1024 }),
        ["a destination's port"] = Match(new() { Protocol = 17, DestinationPort = 443 }),
        ["both ports"] = Match(new() { Protocol = 6, SourcePort = 1024, DestinationPort = 443 }),
        ["where answers come from"] = Match(new() { Protocol = 6, ReplySource = Host("192.0.2.1") }),
        ["where answers go to"] = Match(new() { Protocol = 6, ReplyDestination = Host("198.51.100.1") }),
        ["the port that answers come from"] = Match(new() { Protocol = 6, ReplySourcePort = 443 }),
        ["the port that answers go to"] = Match(new() { Protocol = 6, ReplyDestinationPort = 2000 }),
        ["both directions"] = Match(new() { Protocol = 6, SourcePort = 1024, ReplyDestinationPort = 2000 }),
        ["a protocol"] = Match(new() { Protocol = 17 }),
        ["pings"] = Match(new() { Protocol = 1, Icmp = new(Type: 8) }),
        ["a code"] = Match(new() { Protocol = 1, Icmp = new(Code: 1) }),
        ["a ping's identifier"] = Match(new() { Protocol = 1, Icmp = new(Id: 7) }),
        ["type, code and identifier"] = Match(new() { Protocol = 1, Icmp = new(8, 0, 7) }),
        ["the identifier that answers have"] = Match(new() { Protocol = 1, ReplyIcmp = new(Id: 9) }),
        ["pings by IPv6"] = Match(new() { Protocol = 58, Icmp = new(Type: 128) }),
        ["a code by IPv6"] = Match(new() { Protocol = 58, Icmp = new(Code: 1) }),
        ["a ping's identifier by IPv6"] = Match(new() { Protocol = 58, Icmp = new(Id: 7) }),
        ["the type that answers by IPv6 have"] = Match(new() { Protocol = 58, ReplyIcmp = new(Type: 129) }),
        ["a zone"] = Match(new() { Zone = 5 }),
        ["without an answer"] = Match(new() { Unreplied = true }),
        ["with an answer"] = Match(new() { Protocol = 6, Unreplied = false }),
        ["assured"] = Match(new() { Protocol = 17, Assured = true }),
        ["answered and not assured"] = Match(new() { Unreplied = false, Assured = false }),
        ["a version of IP"] = (new FlowFilter { Family = FlowFamily.IPv6 }, e => e.Source.Contains(':', StringComparison.Ordinal)),
        ["a mark"] = (new FlowFilter { Mark = 0x15 }, e => e.Mark == 0x15),
        ["some bits of a mark"] = (new FlowFilter { Mark = 0xF5, MarkMask = 0x0F }, e => (e.Mark & 0x0F) == 5),
        ["a bit of the status"] = (
            new FlowFilter { Status = FlowStatus.SeenReply, StatusMask = FlowStatus.SeenReply | FlowStatus.Assured },
            e => (e.Status & (FlowStatus.SeenReply | FlowStatus.Assured)) == FlowStatus.SeenReply),
    };

    public static TheoryData<string> Conditions => [.. _conditions.Keys];

    [Theory, MemberData(nameof(Conditions))]
    public void The_kernel_sends_what_matches_and_nothing_else(string condition)
    {
        var (filter, means) = _conditions[condition];
        var meant = _table.Where(means).Select(e => e.Id).ToList();
        Assert.InRange(meant.Count, 1, _table.Length - 1);
        var sent = new List<uint>();
        foreach (var part in KernelFilter.Of(filter, readsReplyTuple: true))
        {
            Assert.True(part.DecidesAll);
            var kernel = new PlayedKernel(KernelVersion.All.Single(v => v.Name == "6.18"), _table);
            using var transport = kernel.Open();
            var request = new byte[DumpRequest.MaxBytes];
            var ids = new Ids { Seen = sent };
            NetlinkDump.Run(
                transport, "read", request.AsSpan(0, new DumpRequest(part).Write(request, 1)), 1, new byte[NetlinkDump.BufferBytes],
                ref ids, default);
        }

        Assert.Equal(meant, sent.Order());

        // And whoever decides after decoding says the same.
        var predicate = new FlowPredicate(filter, null);
        Assert.Equal(
            meant, _table.Where(e => predicate.Matches(FlowDecoder.Decode(e.Encode(), FlowFields.All, out _))).Select(e => e.Id));
    }

    [Fact]
    public void Only_a_request_for_one_version_of_IP_or_for_everything_asks_for_nothing_else()
    {
        Assert.True(Assert.Single(KernelFilter.Of(new FlowFilter())).IsPlain);
        Assert.True(Assert.Single(KernelFilter.Of(new FlowFilter { Family = FlowFamily.IPv4 })).IsPlain);
        foreach (var (name, (filter, _)) in _conditions.Where(c => c.Key != "a version of IP"))
        {
            Assert.All(KernelFilter.Of(filter, readsReplyTuple: true), part => Assert.Equal((name, false), (name, part.IsPlain)));
        }
    }

    [Fact]
    public void A_network_and_a_state_of_TCP_are_left_to_decide_and_every_address_is_no_condition()
    {
        Assert.All(
            new FlowMatch[]
            {
                new() { Source = Network("10.0.0.0/24") }, new() { Destination = Network("10.0.0.0/24") },
                new() { Source = Host("10.0.0.1"), Destination = Network("192.0.2.0/24") },
                new() { ReplySource = Network("192.0.2.0/24") }, new() { Protocol = 6, States = ["TIME_WAIT"] },
                new() { SourcePort = 1024 }, new() { Protocol = 132, DestinationPort = 443 }, new() { IdleFor = TimeSpan.FromHours(1) },
                new() { States = ["TIME_WAIT"], Unreplied = true },
            },
            match => Assert.Contains(KernelFilter.Of(new FlowFilter { Match = match }, readsReplyTuple: true), f => !f.DecidesAll));
        Assert.True(Assert.Single(KernelFilter.Of(new FlowFilter { Match = new() { Source = Network("0.0.0.0/0") } })).DecidesAll);
        Assert.Empty(KernelFilter.Of(new FlowFilter { Match = new() { Source = Host("10.0.0.1"), Destination = Network("::/0") } }));
    }

    [Fact]
    public void An_idle_time_needs_a_clock() => Assert.Throws<ArgumentException>(
        () => new FlowPredicate(new FlowFilter { Match = new FlowMatch { IdleFor = TimeSpan.FromHours(1) } }, null));

    private static (FlowFilter Filter, Func<FlowCase, bool> Means) Match(FlowMatch match) =>
        (new FlowFilter { Match = match }, entry => RandomMatches.Means(match, entry));

    private static FlowNetwork Host(string address) => Network(address + "/32");

    private static FlowNetwork Network(string text) =>
        FlowNetwork.TryParse(text, out var network) ? network : throw new FormatException(text);

    private struct Ids : IMessageVisitor
    {
        internal List<uint> Seen { get; init; }

        public readonly bool Visit(ushort type, scoped ReadOnlySpan<byte> payload)
        {
            Seen.Add(FlowDecoder.Decode(payload, FlowFields.All, out _).Id);
            return true;
        }
    }
}
