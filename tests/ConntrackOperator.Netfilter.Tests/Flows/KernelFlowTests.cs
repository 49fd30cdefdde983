using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Formatting;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Reading;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Netfilter.Tests.Kernel;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Flows;

/// <summary>The readers beside the conntrack tool and /proc on the same table, entry for entry.</summary>
[Collection(MachineCollection.Name)]
public sealed partial class KernelFlowTests : MachineTest
{
    [Fact]
    public void The_tools_own_output_comes_out_entry_for_entry()
    {
        using var space = Filled();
        foreach (var (arguments, options) in new[]
        {
            ("-L -o extended,id,ktimestamp", new FlowFormatOptions { Extended = true, Id = true, Timestamps = true }),
            ("-L -o id", new FlowFormatOptions { Id = true }),
            ("-L", new FlowFormatOptions()),
        })
        {
            // Without -f the tool shows both versions of IP.
            var expected = Stable(space.Execute("conntrack", arguments));
            Assert.Equal(expected, Stable(Print(space, FlowSource.Ctnetlink, FlowFormat.Tool, options)));
            Assert.True(expected.Count > 400);
        }
    }

    [Fact]
    public void The_lines_of_proc_come_out_entry_for_entry()
    {
        using var space = Filled();
        var expected = Stable(
            space.Execute("cat", "/proc/net/nf_conntrack").Replace("timeout=0, stream_timeout=0 ", "", StringComparison.Ordinal));
        Assert.Equal(expected, Stable(Print(space, FlowSource.Proc, FlowFormat.Proc)));

        // ctnetlink holds no reference of its own while it prints, so "use" is one less.
        static List<string> WithoutUse(List<string> lines) => [.. lines.Select(l => Use().Replace(l, ""))];
        Assert.Equal(WithoutUse(expected), WithoutUse(Stable(Print(space, FlowSource.Ctnetlink, FlowFormat.Proc))));
    }

    [Fact]
    public void Json_lines_hold_what_the_tool_says()
    {
        using var space = Filled();
        var lines = Print(space, FlowSource.Ctnetlink, FlowFormat.Json).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var ids = Regex.Matches(space.Execute("conntrack", "-L -o id"), @" id=(\d+)$", RegexOptions.Multiline)
            .Select(m => m.Groups[1].Value).Order().ToList();
        var flows = lines.Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(ids, flows.Select(f => f.GetProperty("id").ToString()).Order());
        var translated = flows.Single(f => f.TryGetProperty("destinationTranslated", out _));
        Assert.Equal("10.9.9.9", translated.GetProperty("reply").GetProperty("source").GetString());
        Assert.Equal(8080, translated.GetProperty("reply").GetProperty("sourcePort").GetInt32());
        Assert.Equal("TIME_WAIT", translated.GetProperty("state").GetString());
        Assert.All(flows, f => Assert.True(f.GetProperty("startNanoseconds").GetUInt64() > 1_600_000_000_000_000_000));
    }

    [Fact]
    public void Filters_give_what_the_tool_gives_for_the_same_question()
    {
        using var space = Filled();
        var cases = new (string Arguments, FlowFilter Filter)[]
        {
            ("-L -f ipv4", new FlowFilter { Family = FlowFamily.IPv4 }),
            ("-L -f ipv6", new FlowFilter { Family = FlowFamily.IPv6 }),
            ("-L -m 3", new FlowFilter { Mark = 3 }),
            ("-L -m 1/1", new FlowFilter { Mark = 1, MarkMask = 1 }),
            ("-L -w 5", new FlowFilter { Match = new FlowMatch { Zone = 5 } }),
            ("-L -u ASSURED", new FlowFilter { Status = FlowStatus.Assured, StatusMask = FlowStatus.Assured }),
            ("-L -p udp", new FlowFilter { Match = new FlowMatch { Protocol = 17 } }),
            ("-L -p tcp -f ipv6", new FlowFilter { Family = FlowFamily.IPv6, Match = new FlowMatch { Protocol = 6 } }),
            ("-L -p tcp --state CLOSE_WAIT", new FlowFilter { Match = new FlowMatch { Protocol = 6, States = ["close_wait"] } }),
            ("-L -p tcp --dport 443", new FlowFilter { Match = new FlowMatch { Protocol = 6, DestinationPort = 443 } }),
            ("-L -s 10.0.0.64/26", new FlowFilter { Match = new FlowMatch { Source = Network("10.0.0.64/26") } }),
            ("-L -d 192.168.3.0/25", new FlowFilter { Match = new FlowMatch { Destination = Network("192.168.3.0/25") } }),
        };
        foreach (var (arguments, filter) in cases)
        {
            var expected = Stable(space.Execute("conntrack", arguments));
            Assert.True(expected.Count > 0, arguments);
            Assert.Equal(expected, Stable(Print(space, FlowSource.Ctnetlink, FlowFormat.Tool, null, filter)));
            Assert.Equal(expected.Count, Stable(Print(space, FlowSource.Proc, FlowFormat.Tool, null, filter)).Count);
        }
    }

    [Fact]
    public void The_kernel_leaves_out_what_it_can()
    {
        using var space = Filled();
        var all = Read(space, FlowFilter.All);
        foreach (var filter in new[]
        {
            new FlowFilter { Family = FlowFamily.IPv6 },
            new FlowFilter { Mark = 3 },
            new FlowFilter { Match = new FlowMatch { Protocol = 17 } },
            new FlowFilter { Match = new FlowMatch { Unreplied = true } },
            new FlowFilter { Match = new FlowMatch { Assured = true } },
        })
        {
            // Entries counts what came over the socket, before our own check.
            var read = Read(space, filter);
            Assert.InRange(read.Entries, 1, all.Entries - 1);
            Assert.True(read.Complete);
        }
    }

    [Fact]
    public async Task A_table_that_changes_under_the_dump_is_still_read()
    {
        using var space = Filled();
        using var stop = new CancellationTokenSource();
        using var ready = new SemaphoreSlim(0);

        // Changes come from another process in the same namespace, while this thread's namespace does the reading.
        var path = space.Run(() => $"/proc/{Environment.ProcessId}/task/{File.ReadAllText("/proc/thread-self/stat").Split(' ')[0]}/ns/net");
        var changing = Task.Run(() =>
        {
            using var process = System.Diagnostics.Process.Start(
                new System.Diagnostics.ProcessStartInfo("nsenter", $"--net={path} conntrack -R -")
                {
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                })!;
            _ = process.StandardOutput.ReadToEndAsync();
            _ = process.StandardError.ReadToEndAsync();
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                process.StandardInput.WriteLine(
                    $"-A -p tcp -s 172.16.{(i >> 8) & 255}.{i & 255} -d 192.0.2.1 --sport 1024 --dport 443 --state CLOSE -t 1");
                ready.Release();
            }

            process.StandardInput.Close();
            process.WaitForExit();
        });
        await ready.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            for (var i = 0; i < 50; i++)
            {
                var stable = 0;
                space.Run(() => new FlowReader().Read(FlowFilter.All, (in Flow flow) =>
                {
                    stable += flow.Original.Source.ToString().StartsWith("172.16.", StringComparison.Ordinal) ? 0 : 1;
                    return true;
                }));
                Assert.Equal(Total, stable);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await changing;
        }
    }

    private const int Total = 500 + 15;

    private static NetworkNamespace Filled()
    {
        NetworkNamespace.Require("conntrack");
        var space = new NetworkNamespace();
        space.Run(() => new SysctlDirectory().Write(SysctlNames.Timestamp, 1));
        Entries.Load(space, 250);
        space.Run(() => new SysctlDirectory().Write(SysctlNames.Accounting, 1));
        Entries.LoadOneOfEach(space);
        var more = new StringBuilder();
        for (var i = 0; i < 250; i++)
        {
            more.AppendLine(
                $"-A -p tcp -s 10.77.{i / 100}.{i % 100} -d 192.0.2.9 --sport 1024 --dport 80 --state ESTABLISHED -t 9999 -u "
                    + "ASSURED,SEEN_REPLY");
        }

        space.Execute("conntrack", "-R -", more.ToString());
        Assert.Equal(Total, Entries.Count(space));
        return space;
    }

    private static FlowReadResult Read(NetworkNamespace space, FlowFilter filter) =>
        space.Run(() => new FlowReader(FlowSource.Ctnetlink).Read(filter, (in Flow _) => true));

    private static string Print(
        NetworkNamespace space, FlowSource source, FlowFormat format, FlowFormatOptions? options = null, FlowFilter? filter = null) =>
            space.Run(() =>
    {
        var output = new ArrayBufferWriter<byte>();
        var formatter = new FlowFormatter(format, options);
        var result = new FlowReader(source).Read(filter ?? FlowFilter.All, (in Flow flow) =>
        {
            formatter.WriteLine(flow, output);
            return true;
        });
        Assert.Equal((true, 0), (result.Complete, result.Undecodable));
        return Encoding.UTF8.GetString(output.WrittenSpan);
    });

    /// <summary>Sorted, and without what moves on between two readings: seconds left and age.</summary>
    private static List<string> Stable(string lines) =>
        [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => SecondsLeft().Replace(Age().Replace(l, " "), "$1 T "))
            .Order(StringComparer.Ordinal)];

    private static FlowNetwork Network(string text) =>
        FlowNetwork.TryParse(text, out var network) ? network : throw new FormatException(text);

    [GeneratedRegex(@"^((?:ipv\d\s+\d+ )?\S+\s+\d+) \d+ ")]
    private static partial Regex SecondsLeft();

    [GeneratedRegex(@" delta-time=\d+ ")]
    private static partial Regex Age();

    [GeneratedRegex(@" use=\d+")]
    private static partial Regex Use();
}
