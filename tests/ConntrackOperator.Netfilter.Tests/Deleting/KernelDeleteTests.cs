using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Deleting;

[Collection(MachineCollection.Name)]
public sealed class KernelDeleteTests : MachineTest
{
    public static TheoryData<string> Matches =>
        ["protocol", "states", "udp states", "unreplied", "assured", "source", "source6", "destination", "port", "reply source",
        "reply destination", "zone", "idle", "all of them"];

    [Theory]
    [MemberData(nameof(Matches))]
    public void What_matches_goes_and_the_rest_stays(string name)
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        space.Run(() => new SysctlDirectory().Write(SysctlNames.TcpTimeoutTimeWait, 4000));
        Entries.Load(space, 2000);
        var match = Match(name);
        var before = Ids(space, FlowFilter.All);
        var matching = Ids(space, new FlowFilter { Match = match });
        Assert.InRange(matching.Count, 1, before.Count - (name == "all of them" ? 0 : 1));

        var dry = space.Run(() => new FlowDeleter().Delete(match, dryRun: true));
        Assert.Equal((matching.Count, 0L, true, true), ((int)dry.Matched, dry.Deleted, dry.DryRun, dry.Complete));
        Assert.Equal(before, Ids(space, FlowFilter.All));

        var reports = new List<DeleteProgress>();
        var result = space.Run(() => new FlowDeleter().Delete(match, dryRun: false, new Progress(reports)));
        Assert.Equal((matching.Count, matching.Count, 0L, 0L), ((int)result.Matched, (int)result.Deleted, result.Gone, result.Failed));
        Assert.Null(result.Error);
        Assert.Equal(before.Except(matching).Order(), Ids(space, FlowFilter.All).Order());
        Assert.Equal((result.Matched, result.Deleted, 2000L), (reports[^1].Matched, reports[^1].Deleted, reports[^1].TableEntries));
    }

    [Fact]
    public void Matches_find_what_the_tool_finds()
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        Entries.Load(space, 2000);
        var listed = space.Execute("conntrack", "-L -p tcp --state TIME_WAIT -d 192.168.1.0/24")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
        var result = space.Run(() => new FlowDeleter().Delete(
            new FlowMatch { Protocol = 6, States = ["TIME_WAIT"], Destination = Network("192.168.1.0/24") }, dryRun: false));
        Assert.Equal(listed, result.Deleted);
        Assert.Equal(2000 - listed, Entries.Count(space));
    }

    [Fact]
    public void Zones_keep_equal_tuples_apart()
    {
        NetworkNamespace.Require("conntrack");
        using var space = new NetworkNamespace();
        const string Entry = "-I -p tcp -s 10.0.0.1 -d 192.0.2.1 --sport 1024 --dport 443 -t 600 --state ";
        space.Execute("conntrack", Entry + "ESTABLISHED");
        space.Execute("conntrack", Entry + "CLOSE -w 5");

        // With a zone for one direction the other is in zone 0, so these need addresses of their own.
        space.Execute("conntrack", Entry.Replace("10.0.0.1", "10.0.0.2", StringComparison.Ordinal) + "CLOSE_WAIT --orig-zone 6");
        space.Execute("conntrack", Entry.Replace("10.0.0.1", "10.0.0.3", StringComparison.Ordinal) + "LAST_ACK --reply-zone 7");
        foreach (var state in new[] { "CLOSE", "CLOSE_WAIT", "LAST_ACK", "ESTABLISHED" })
        {
            var result = space.Run(() => new FlowDeleter().Delete(new FlowMatch { States = [state] }, dryRun: false));
            Assert.Equal((1L, 1L), (result.Matched, result.Deleted));
            Assert.DoesNotContain(" " + state + " ", space.Execute("conntrack", "-L"), StringComparison.Ordinal);
        }

        Assert.Equal(0, Entries.Count(space));
    }

    [Fact]
    public void Rules_stay_byte_for_byte_as_they_were()
    {
        NetworkNamespace.Require("conntrack", "ip", "nft", "iptables", "iptables-save");
        using var space = new NetworkNamespace();
        space.TrackLoopback();
        space.Execute("iptables", "-A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT");
        space.Execute("iptables", "-t nat -A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE");
        Entries.Load(space, 500);

        // Without its comments, which tell the time.
        string Rules() => space.Execute("nft", "list ruleset")
            + string.Join('\n', space.Execute("iptables-save", "").Split('\n').Where(line => !line.StartsWith('#')));
        var before = Rules();
        Assert.Contains("MASQUERADE", before, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(500, space.Run(() => new FlowDeleter().Delete(new FlowMatch(), dryRun: false)).Deleted);
        Assert.Equal(before, Rules());
    }

    [Fact]
    public void Without_the_capability_nothing_is_deleted_and_it_is_said()
    {
        var error = Assert.Throws<NetlinkException>(() => new FlowDeleter(
            () => new Netlink.FakeTransport().Answer(Netlink.FakeTransport.Error(1)), null, null).Delete(new FlowMatch(), dryRun: false));
        Assert.Equal(1, error.Errno);
    }

    [Fact]
    public void A_state_that_no_protocol_has_is_refused()
    {
        Assert.Contains("'SLEEPING' is not a state of any protocol", Assert.Throws<ArgumentException>(
            () => new FlowDeleter().Delete(new FlowMatch { States = ["SLEEPING"] }, dryRun: true)).Message, StringComparison.Ordinal);
        Assert.Contains("'TIME_WAIT' is not a state of udp", Assert.Throws<ArgumentException>(
            () => new FlowDeleter().Delete(new FlowMatch { Protocol = 17, States = ["TIME_WAIT"] }, dryRun: true)).Message,
        StringComparison.Ordinal);
    }

    private static FlowMatch Match(string name) => name switch
    {
        "protocol" => new FlowMatch { Protocol = 17 },
        "states" => new FlowMatch { States = ["time_wait", "CLOSE"] },
        "udp states" => new FlowMatch { Protocol = 17, States = ["UNREPLIED"] },
        "unreplied" => new FlowMatch { Unreplied = true },
        "assured" => new FlowMatch { Assured = false },
        "source" => new FlowMatch { Source = Network("10.0.4.0/23") },
        "source6" => new FlowMatch { Source = Network("2001:db8::/120") },
        "destination" => new FlowMatch { Destination = Network("192.168.2.0/24") },
        "reply source" => new FlowMatch { ReplySource = Network("192.168.3.0/24") },
        "reply destination" => new FlowMatch { ReplyDestination = Network("10.0.2.0/25") },
        "zone" => new FlowMatch { Zone = 5 },
        "port" => new FlowMatch { DestinationPort = 53 },

        // Loaded with 3600 seconds left: idle for 400 of TIME_WAIT's 4000 here, for days of ESTABLISHED's 432000.
        "idle" => new FlowMatch { States = ["TIME_WAIT", "ESTABLISHED"], IdleFor = TimeSpan.FromHours(1), TimeoutsHeld = true },
        _ => new FlowMatch(),
    };

    private static List<uint> Ids(NetworkNamespace space, FlowFilter filter) => space.Run(() =>
    {
        var ids = new List<uint>();
        new FlowReader().Read(filter, (in Flow flow) =>
        {
            ids.Add(flow.Id);
            return true;
        });
        return ids;
    });

    private static FlowNetwork Network(string text) =>
        FlowNetwork.TryParse(text, out var network) ? network : throw new FormatException(text);

    private sealed class Progress(List<DeleteProgress> reports) : IProgress<DeleteProgress>
    {
        public void Report(DeleteProgress value) => reports.Add(value);
    }
}
