using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sampling;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Flows;
using ConntrackOperator.Netfilter.Tests.Idle;
using ConntrackOperator.Netfilter.Tests.Netlink;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Netfilter.Tests.Sampling;

public sealed class TableScannerTests : IDisposable
{
    private static readonly IdleClock _idle = Held.Clock(new Dictionary<string, long>
    {
        [SysctlNames.TcpTimeoutEstablished] = 432_000,
        [SysctlNames.TcpTimeoutTimeWait] = 120,
        [SysctlNames.UdpTimeout] = 30,
        [SysctlNames.TcpTimeoutCloseWait] = 60,
    });

    private readonly TestTree.Temporary _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void A_breakdown_adds_up_states_and_talkers()
    {
        byte[][] entries =
        [
            .. Enumerable.Range(0, 60).Select(i => Entry(new FlowCase { Source = $"10.0.0.{i}", Timeout = 432_000 - 7202 })),
            .. Enumerable.Range(0, 20).Select(i => Entry(
                new FlowCase { Source = "10.9.9.9", SourcePort = (ushort)i, State = 7, Timeout = 20, Destination = "192.0.2.2" })),
            .. Enumerable.Range(0, 10).Select(i => Entry(new FlowCase
            {
                Source = "10.9.9.9",
                SourcePort = (ushort)i,
                State = 5,
                Timeout = 60,
                Destination = "192.0.2.3",
                DestinationPort = 8080,
            })),
            .. Enumerable.Range(0, 10).Select(i => Entry(new FlowCase
            {
                Source = "10.8.8.8",
                SourcePort = (ushort)i,
                Protocol = 17,
                DestinationPort = 53,
                Status = FlowStatus.Confirmed,
                Timeout = 25,
            })),
        ];
        var breakdown = Scanner(new FakeTransport().Answer([.. entries, FakeTransport.Done()])).Scan(_idle);

        Assert.Equal((100L, 100L, true, 0.0), (breakdown.Sampled, breakdown.TableEntries, breakdown.Complete, breakdown.ErrorBoundPercent));
        Assert.Equal((90.0, 10.0), (breakdown.AssuredPercent, breakdown.UnrepliedPercent));
        Assert.Equal(
            [("tcp", "ESTABLISHED", 60L), ("tcp", "TIME_WAIT", 20L), ("tcp", "CLOSE_WAIT", 10L), ("udp", "UNREPLIED", 10L)],
            breakdown.States.Select(s => (s.Protocol, s.State, s.Count)));
        var established = breakdown.States[0];
        Assert.Equal((SysctlNames.TcpTimeoutEstablished, TimeSpan.FromDays(5)), (established.TimeoutKey, established.Timeout));
        Assert.Equal(60, established.EstimateIdleAtLeast(TimeSpan.FromHours(2)));
        Assert.Equal(0, established.EstimateIdleAtLeast(TimeSpan.FromHours(3)));
        Assert.InRange(established.IdleP50!.Value, TimeSpan.FromHours(2), TimeSpan.FromHours(3));
        Assert.InRange(breakdown.States[1].IdleP90!.Value, TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(110));

        Assert.Equal(("10.9.9.9", 30L, 30.0, 0.0), Share(breakdown.TopSources[0]));
        Assert.Equal(("10.8.8.8", 10L, 10.0, 0.0), Share(Assert.Single(breakdown.TopUnrepliedSources)));
        Assert.Equal(("192.0.2.1", 443, "tcp", 60L), Where(breakdown.TopDestinations[0]));
        Assert.Equal([("ESTABLISHED", "192.0.2.1"), ("CLOSE_WAIT", "192.0.2.3")], breakdown.TopTcpDestinationsByState.Select(d => (
            d.State, d.Address.ToString())));
        Assert.Equal(
            [((ushort)443, "tcp", 80L), ((ushort)53, "udp", 10L), ((ushort)8080, "tcp", 10L)],
            breakdown.TopPorts.Select(p => (p.Port, p.Protocol, p.Count)).OrderByDescending(p => p.Count).ThenBy(p => p.Port));
    }

    [Fact]
    public void A_sample_stops_and_scales_up()
    {
        _tree.File(SysctlNames.Count, "1000000\n");
        var kernel = new FakeTransport()
            .Answer([.. Enumerable.Range(0, 60).Select(i => Entry(new FlowCase { State = (byte)(i % 3 == 0 ? 7 : 3) }))]);
        var breakdown = Scanner(kernel).Sample(30, _idle);
        Assert.True(kernel.Disposed);
        Assert.Equal((30L, 1_000_000L, false), (breakdown.Sampled, breakdown.TableEntries, breakdown.Complete));
        Assert.Equal(666_666, breakdown.States[0].EstimatedEntries);
        Assert.InRange(breakdown.ErrorBoundPercent, 20, 100);
    }

    [Fact]
    public void A_full_scan_says_by_how_much_the_sample_that_it_begins_with_is_off()
    {
        // Of the first 40, ten in TIME_WAIT; of all 100, 40, and one in CLOSE_WAIT.
        byte[] states = [.. Enumerable.Repeat((byte)3, 30), .. Enumerable.Repeat((byte)7, 40), .. Enumerable.Repeat((byte)3, 29), 5];
        var breakdown = Scanner(new FakeTransport().Answer(
            [.. states.Select((s, i) => Entry(new FlowCase { State = s, SourcePort = (ushort)i })), FakeTransport.Done()])).Scan(_idle, 40);
        Assert.Equal([("ESTABLISHED", 59.0, 75.0), ("TIME_WAIT", 40.0, 25.0), ("CLOSE_WAIT", 1.0, 0.0)], breakdown.States.Select(s => (
            s.State, s.Percent, s.SamplePercent!.Value)));
        Assert.Equal((16.0, true), (breakdown.SampleErrorPercent, breakdown.Complete));
    }

    [Fact]
    public void A_table_that_is_no_larger_than_a_sample_says_nothing_of_samples()
    {
        var breakdown = Scanner(
            new FakeTransport().Answer([.. Enumerable.Range(0, 30).Select(_ => Entry(new FlowCase())), FakeTransport.Done()]))
            .Scan(_idle, 30);
        Assert.Equal((30L, null), (breakdown.Sampled, breakdown.SampleErrorPercent));
        Assert.Null(breakdown.States[0].SamplePercent);
    }

    [Fact]
    public void A_table_of_just_so_many_entries_is_complete()
    {
        var kernel = new FakeTransport().Answer([.. Enumerable.Range(0, 30).Select(_ => Entry(new FlowCase())), FakeTransport.Done()]);
        var breakdown = Scanner(kernel).Sample(30, _idle);
        Assert.Equal((30L, 30L, true, 0.0), (breakdown.Sampled, breakdown.TableEntries, breakdown.Complete, breakdown.ErrorBoundPercent));
    }

    [Fact]
    public void An_empty_table_has_an_empty_breakdown()
    {
        var breakdown = Scanner(new FakeTransport().Answer(FakeTransport.Done())).Sample(50_000, _idle);
        Assert.Equal(
            (0L, 0L, true, 0.0, 0.0),
            (breakdown.Sampled, breakdown.TableEntries, breakdown.Complete, breakdown.AssuredPercent, breakdown.UnrepliedPercent));
        Assert.Empty(breakdown.States);
    }

    [Fact]
    public void Lost_messages_do_not_count_twice()
    {
        var losing = new FakeTransport().Answer(Entry(new FlowCase()), Entry(new FlowCase())).Fail(Errno.ENOBUFS);
        var whole = new FakeTransport().Answer(Entry(new FlowCase()), FakeTransport.Done());
        Assert.Equal(1, Scanner(losing, whole).Scan(_idle).Sampled);
    }

    [Fact]
    public void A_scanner_that_is_used_again_begins_again()
    {
        var scanner = Scanner(
            new FakeTransport().Answer(Entry(new FlowCase()), FakeTransport.Done()),
            new FakeTransport().Answer(Entry(new FlowCase { State = 7 }), FakeTransport.Done()));
        scanner.Scan(_idle);
        Assert.Equal("TIME_WAIT", Assert.Single(scanner.Scan(_idle).States).State);
    }

    [Fact]
    public void Both_sources_give_the_same_breakdown()
    {
        // The file does not name helpers, and with a helper an entry's idle time is not known.
        GoldenFlow[] flows = [.. GoldenFlow.All.Where(g => !g.Line.Contains("helper=", StringComparison.Ordinal))];
        _tree.File("net/nf_conntrack", string.Join('\n', flows.Select(g => g.Proc)) + "\n");
        var netlink = Scanner([new FakeTransport().Answer([.. flows.Select(g => FakeTransport.Entry(g.Wire)), FakeTransport.Done()])])
            .Scan(_idle);
        var proc = new TableScanner(FlowSource.Proc, _tree.Root, new SysctlDirectory(_tree.Root)).Scan(_idle);
        Assert.Equal(FlowSource.Proc, proc.Source);
        Assert.Equal(
            netlink.States.Select(s => (s.Protocol, s.State, s.Count, s.Idle.Known)).Order(),
            proc.States.Select(s => (s.Protocol, s.State, s.Count, s.Idle.Known)).Order());
        Assert.Equal((netlink.AssuredPercent, netlink.UnrepliedPercent), (proc.AssuredPercent, proc.UnrepliedPercent));
        Assert.Equal(netlink.TopSources.ToHashSet(), proc.TopSources.ToHashSet());
        Assert.Equal(netlink.TopDestinations.Select(d => (d.Count, d.Percent)), proc.TopDestinations.Select(d => (d.Count, d.Percent)));
    }

    [Fact]
    public void Nothing_is_allocated_for_an_entry()
    {
        byte[][] entries = [.. Enumerable.Range(0, 140).Select(i => Entry(new FlowCase { Source = $"10.0.{i}.1", State = (byte)(i % 9) }))];
        FakeTransport Kernel(int datagrams)
        {
            var kernel = new FakeTransport();
            for (var i = 0; i < datagrams; i++)
            {
                kernel.Answer(entries);
            }

            return kernel.Answer(FakeTransport.Done());
        }

        // The JIT's own allocations fall on whichever scan a method's next tier comes into use in, each of them once; what a
        // scan allocates it allocates every time. So the least of several counts.
        const int Scans = 5;
        var scanner = Scanner([.. Enumerable.Range(0, Scans).SelectMany(_ => new[] { Kernel(1), Kernel(1000) })]);
        var (few, many) = (long.MaxValue, long.MaxValue);
        for (var i = 0; i < Scans; i++)
        {
            few = Math.Min(few, Allocated(() => Assert.Equal(140, scanner.Scan(_idle).Sampled)));
            many = Math.Min(many, Allocated(() => Assert.Equal(140_000, scanner.Scan(_idle).Sampled)));
        }

        Assert.True(many - few < 4096, $"{many} bytes for 140,000 entries, {few} for 140");
    }

    [Fact]
    public void Setting_a_sample_apart_allocates_nothing_after_the_first_time()
    {
        byte[][] entries = [.. Enumerable.Range(0, 140).Select(i => Entry(new FlowCase { Source = $"10.0.{i}.1", State = (byte)(i % 9) }))];
        const int Scans = 5;
        var scanner = Scanner(
            [.. Enumerable.Range(0, 2 * Scans).Select(_ => new FakeTransport().Answer(entries).Answer(FakeTransport.Done()))]);
        var (without, with) = (long.MaxValue, long.MaxValue);
        for (var i = 0; i < Scans; i++)
        {
            without = Math.Min(without, Allocated(() => Assert.Null(scanner.Scan(_idle).SampleErrorPercent)));
            with = Math.Min(with, Allocated(() => Assert.NotNull(scanner.Scan(_idle, sample: 70).SampleErrorPercent)));
        }

        Assert.True(with - without < 4096, $"{with} bytes with a sample set apart, {without} without");
    }

    private static long Allocated(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private TableScanner Scanner(params FakeTransport[] kernels)
    {
        var next = 0;
        return new TableScanner(
            new FlowTables(new CtnetlinkTable(() => kernels[next++]), new ProcTable(_tree.Root)),
            FlowSource.Automatic,
            new SysctlDirectory(_tree.Root),
            new FakeTimeProvider());
    }

    private static byte[] Entry(FlowCase flow) => FakeTransport.Entry(flow.Encode());

    private static object Share(SourceShare share) => (share.Address.ToString(), share.Count, share.Percent, share.ErrorBoundPercent);

    private static object Where(DestinationShare share) => (share.Address.ToString(), (int)share.Port, share.Protocol, share.Count);
}
