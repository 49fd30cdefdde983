using System.Text;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Tests.Flows;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Filters;

/// <summary>Random tables and matches on this machine's kernel, whatever it is.</summary>
[Collection(MachineCollection.Name)]
public sealed class KernelFilteredFlushTests : MachineTest
{
    private const int Rounds = 60;

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
            var result = space.Run(() => new FlowDeleter(filters: filters) { MostChecked = seed % 3 == 0 ? 5 : FilteredFlush.MostChecked }.Delete(match, dryRun: false));
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
                Environment.OSVersion.Version >= (filter switch { KernelFilters.Flush => new Version(6, 12), KernelFilters.Status => new(5, 15), _ => new(6, 8) }),
                answer.Value);
        }

        Assert.Equal(before, Read(space).Select(e => e.Id).Order());
    }

    private static void Load(NetworkNamespace space, IEnumerable<FlowCase> table)
    {
        var commands = new StringBuilder();
        foreach (var entry in table)
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

            var protocol = entry.Protocol switch
            {
                6 => $"-p tcp --state {_states[entry.State]}",
                132 => "-p sctp --state ESTABLISHED --orig-vtag 1 --reply-vtag 2",
                _ => "-p udp",
            };
            var reply = entry.TranslatedSource is { } to
                ? $" -r {entry.Destination} -q {to} --reply-port-src {entry.DestinationPort} --reply-port-dst {entry.SourcePort}" : "";
            commands.AppendLine($"-A {protocol} -s {entry.Source} -d {entry.Destination} --sport {entry.SourcePort} --dport {entry.DestinationPort}{reply} -t 3600"
                + (status.Count > 0 ? $" -u {string.Join(',', status)}" : "") + (entry.Zone is { } zone ? $" -w {zone}" : ""));
        }

        space.Execute("conntrack", "-R -", commands.ToString());
    }

    private static List<(uint Id, FlowCase Entry)> Read(NetworkNamespace space) => space.Run(() =>
    {
        List<(uint, FlowCase)> entries = [];
        new FlowReader(FlowSource.Ctnetlink).Read(FlowFilter.All, (in Flow flow) =>
        {
            entries.Add((flow.Id, new FlowCase
            {
                Source = flow.Original.Source.ToString(),
                Destination = flow.Original.Destination.ToString(),
                TranslatedSource = flow.Reply.Destination.ToString(),
                Protocol = flow.Protocol,
                SourcePort = flow.Original.SourcePort,
                DestinationPort = flow.Original.DestinationPort,
                Status = flow.Status,
                State = flow.State,
                Zone = flow.Zone,
                Id = flow.Id,
            }));
            return true;
        });
        return entries;
    });
}
