using System.Text.Json;
using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Cli.Cluster;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Cli.Tests.Cluster;

public sealed class ClusterTableTests(ReportedCluster cluster) : IClassFixture<ReportedCluster>
{
    [Fact]
    public void Top_lists_the_fullest_tables_first()
    {
        var lines = cluster.Run(null, "top").Output.Split('\n');
        Assert.Matches(@"^NODE +ENTRIES +LIMIT +USED% +DROPS/MIN +RACES/MIN +TOP SOURCE +ADVICE$", lines[0]);
        Assert.Matches(@"^node-2 +238552 +262144 +91 +7 +12 +10\.42\.0\.7 40% +node-2: timeouts", lines[1]);
        Assert.Matches("^node-1 ", lines[2]);
        Assert.Matches("^node-3 +- +- +- +- +- +- +not known: its agent has not reported$", lines[3]);
    }

    [Fact]
    public void Top_of_a_node_says_what_fills_it()
    {
        var result = cluster.Run(null, "top", "--node", "node-2");
        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("node-2: 238552 of 262144 entries (91%); a minute, over 60 s: 7 packets dropped for want of an entry, 12 lost "
            + "in races, 0 entries evicted early, 4 packets invalid\nraces: no size", result.Output, StringComparison.Ordinal);
        Assert.Matches(@"\ntcp +ESTABLISHED +76\.0 +181299 +>=2h +>=9h +-\n", result.Output);
        Assert.Matches(@"\n10\.96\.0\.10:53/udp +12\.0", result.Output);
        Assert.EndsWith(
            "\nadvice: node-2: timeouts.tcp.established 2h would free about 612,000\n", result.Output, StringComparison.Ordinal);
        var report = JsonNode.Parse(cluster.Run(null, "top", "--node", "node-2", "-o", "json").Output)!;
        Assert.Equal((238552, "10.42.0.7"), ((long)report["entries"]!, (string?)report["sources"]![0]!["address"]));
    }

    [Fact]
    public void Advice_is_told_node_by_node_for_one_node_or_one_policy()
    {
        Assert.Matches(@"^NODE +ADVICE\nnode-2 +node-2: .*\nnode-1 +node-1: .*\nnode-3 +not known: its agent has not reported\n$",
            cluster.Run(null, "advise").Output);
        Assert.Matches(@"^NODE +ADVICE\nnode-1 +node-1: .*\n$", cluster.Run(null, "advise", "node-1").Output);
        Assert.Equal(2, JsonNode.Parse(cluster.Run(null, "advise", "edge", "-o", "json").Output)!["advice"]!.AsArray().Count);
        Assert.Equal(
            (2, "error: there is no ConntrackNode and no ConntrackPolicy \"nobody\"\n"),
            (cluster.Run(null, "advise", "nobody") is var r ? (r.ExitCode, r.Error) : default));
    }

    [Fact]
    public void Of_a_node_whose_agent_has_not_reported_nothing_is_said_to_be_right()
    {
        const string NotKnown = "not known: its agent has not reported";
        Assert.Matches($@"^NODE +ADVICE\nnode-3 +{NotKnown}\n$", cluster.Run(null, "advise", "node-3").Output);
        var json = JsonNode.Parse(cluster.Run(null, "advise", "-o", "json").Output)!;
        Assert.Equal("node-3", (string?)Assert.Single(json["notReported"]!.AsArray()));
        Assert.Matches($@"\nnode-3 .* {NotKnown}\n", cluster.Run(null, "top").Output);
    }

    [Theory]
    [InlineData(3, 0, "nothing to change on any of 3 nodes")]
    [InlineData(1, 0, "nothing to change on this node")]
    [InlineData(3, 1, "nothing to change on the other 2 nodes")]
    [InlineData(2, 1, "nothing to change on the other node")]
    [InlineData(1, 1, "")]
    [InlineData(2, 2, "")]
    [InlineData(0, 0, "no node is looked after: no ConntrackPolicy selects one")]
    public void Nothing_to_change_is_said_of_nodes_that_have_reported_only(int nodes, int silent, string expected) =>
        Assert.Equal(expected, ClusterAdvise.Nothing(nodes, silent));

    [Fact]
    public void Advice_of_one_node_is_told_in_full_as_on_the_node_itself()
    {
        var text = cluster.Run(null, "advise", "node-2").Output;
        Assert.Matches(
            @"^node-2: 238552 entries \(91% of 262144\), pressure Critical; 50000 looked at, shares to within 0.7 points\n\n"
                + @"1\. Critical: connections without",
            text);
        foreach (var line in (string[])
        [
            "   cause      IdleConnections, likely; docs/diagnosis.md#idleconnections", "   because    no packet in hours",
            "   not        LeakingClient: many clients",
            "   enough?    10 a second for 2h4m each are 74,400 entries at any time; the table has 100,000 for them",
            "kubectl conntrack flush --node node-2 --protocol tcp --state ESTABLISHED --idle-for 12h --yes", "kind: ConntrackPolicy",
            "   frees      181,299 entries; full again in 2h at today's rate", "   may break  translated connections",
            "# End them at the pool",
            "              the tables of pods: kubectl conntrack host advise    # on node-2",
        ])
        {
            Assert.Contains(line, text.Split('\n'));
        }

        Assert.Contains("   whose      source 10.42.0.7 40% (95,420 entries)", text, StringComparison.Ordinal);
        Assert.DoesNotContain("OfALaterVersion", text, StringComparison.Ordinal);
        var node = Assert.Single(JsonNode.Parse(cluster.Run(null, "advise", "-o", "json").Output)!["nodes"]!.AsArray())!;
        Assert.Equal(("node-2", "IdleConnections"), ((string?)node["node"], (string?)node["findings"]![0]!["cause"]));
        Assert.Equal("apiVersion: conntrack.dev/v1alpha1\nkind: ConntrackPolicy\n", (string?)node["findings"]![0]!["now"]![1]!["yaml"]);
    }

    [Theory]
    [InlineData("Succeeded", 0)]
    [InlineData("Failed", 3)]
    public async Task Flush_makes_the_object_waits_and_says_how_it_ended(string phase, int exit)
    {
        Assert.SkipUnless(TestApiServer.Unavailable is null, TestApiServer.Unavailable ?? string.Empty);
        var running = Task.Run(
            () => cluster.Run(null, "flush", "--selector", "pool=edge,!spot", "--protocol", "tcp", "--state", "time_wait", "--yes"),
            TestContext.Current.CancellationToken);
        await cluster.FinishFlushAsync(phase, TestContext.Current.CancellationToken);
        var result = await running;
        Assert.Equal((exit, string.Empty), (result.ExitCode, result.Error));
        Assert.Matches(
            @"^node-2: TimedOut: the agent has not done it\n"
                + $@"flush-[0-9a-f]{{8}} {phase}: 11 of 12 matching entries deleted; 1 of 2 nodes done, 1 failed\n$",
            result.Output);
    }

    [Fact]
    public async Task A_flush_for_no_node_says_why()
    {
        Assert.SkipUnless(TestApiServer.Unavailable is null, TestApiServer.Unavailable ?? string.Empty);
        var running = Task.Run(
            () => cluster.Run(null, "flush", "--node", "node-x", "--protocol", "tcp", "--yes"), TestContext.Current.CancellationToken);
        await cluster.FinishFlushAsync(
            """
            {"status": {"phase": "Failed", "nodes": {"selected": 0, "done": 0, "failed": 0}, "matched": 0, "deleted": 0, "conditions": [
              {"type": "Failed", "status": "True", "reason": "NoAgent", "message": "there is no node node-x",
               "lastTransitionTime": "2026-01-31T12:00:00Z"}]} }
            """,
            TestContext.Current.CancellationToken);
        var result = await running;
        Assert.Equal((3, string.Empty), (result.ExitCode, result.Error));
        Assert.Matches("^flush-[0-9a-f]{8} Failed: NoAgent: there is no node node-x\n$", result.Output);
    }

    [Fact]
    public async Task Without_waiting_the_object_is_what_was_asked_for()
    {
        var result = cluster.Run(
            null, "flush", "--node", "node-1", "--protocol", "udp", "--unreplied", "--idle-for", "10m", "--dry-run", "--no-wait", "-o",
            "json");
        Assert.Equal((0, string.Empty), (result.ExitCode, result.Error));
        var spec = JsonSerializer.Deserialize(result.Output, ApiJson.Default.ConntrackFlush)!.Spec!;
        Assert.Equal(("node-1", true, 3600, "UDP", true, "10m"), (
            spec.NodeName, spec.DryRun, spec.TtlSecondsAfterFinished, spec.Match!.Protocol?.ToString(), spec.Match.Unreplied,
            spec.Match.IdleFor));
        await cluster.FinishFlushAsync("Succeeded", TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Protocols_by_number_reply_addresses_and_the_zone_go_into_the_object_and_the_API_server_takes_them()
    {
        var result = cluster.Run(
            null, "flush", "--node", "node-1", "-p", "132", "--reply-src", "10.244.1.7", "--reply-dst", "10.0.0.0/8", "--zone", "7",
            "--dry-run", "--no-wait", "-o", "json");
        Assert.Equal((0, string.Empty), (result.ExitCode, result.Error));
        var match = JsonSerializer.Deserialize(result.Output, ApiJson.Default.ConntrackFlush)!.Spec!.Match!;
        Assert.Equal(
            (132L, "10.244.1.7", "10.0.0.0/8", 7), (match.Protocol?.Number, match.ReplySource, match.ReplyDestination, match.Zone));
        await cluster.FinishFlushAsync("Succeeded", TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(
        "icmp", "8,0,7,0,0,9", "--icmp-type", "8", "--icmp-code", "0", "--icmp-id", "7", "--reply-icmp-type", "0", "--reply-icmp-code", "0",
        "--reply-icmp-id", "9")]
    [InlineData("gre", "1,2,2,15", "--srckey", "1", "--dstkey", "2", "--reply-srckey", "2", "--reply-dstkey", "0xf")]
    [InlineData("udp", "STREAM,REPLIED", "--state", "stream", "--state", "REPLIED")]
    [InlineData("udp", "1,2,3,4", "--sport", "1", "--dport", "2", "--reply-sport", "3", "--reply-dport", "4")]
    public async Task Ports_types_and_keys_of_both_directions_go_into_the_object_and_the_API_server_takes_them(
        string protocol, string expected, params string[] options)
    {
        var result = cluster.Run(null, ["flush", "--node", "node-1", "-p", protocol, .. options, "--dry-run", "--no-wait", "-o", "json"]);
        Assert.Equal((0, string.Empty), (result.ExitCode, result.Error));
        var match = JsonSerializer.Deserialize(result.Output, ApiJson.Default.ConntrackFlush)!.Spec!.Match!;
        object?[] values = match switch
        {
            { States: { } states } => [.. states],
            { Icmp: { } i } => [i.Type, i.Code, i.Id, i.ReplyType, i.ReplyCode, i.ReplyId],
            { Gre: { } g } => [g.SourceKey, g.DestinationKey, g.ReplySourceKey, g.ReplyDestinationKey],
            var m => [m.SourcePort, m.DestinationPort, m.ReplySourcePort, m.ReplyDestinationPort],
        };
        Assert.Equal(expected, string.Join(',', values));
        await cluster.FinishFlushAsync("Succeeded", TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("match.sourcePort: Invalid value: 0: must be from 1 to 65535", "--node", "node-1", "--protocol", "tcp", "--sport", "0")]
    [InlineData("match.replyDestinationPort: a port needs a protocol with ports", "--node", "node-1", "--reply-dport", "53")]
    [InlineData("match.icmp: icmp needs protocol ICMP or ICMPv6", "--node", "node-1", "--icmp-type", "8")]
    [InlineData(
        "match.icmp.replyId: Invalid value: 65536: must be from 0 to 65535", "--node", "node-1", "-p", "icmp", "--reply-icmp-id", "65536")]
    [InlineData("match.gre: gre needs protocol GRE", "--node", "node-1", "-p", "icmp", "--srckey", "8")]
    [InlineData("--dstkey: Invalid value: \"65536\": must be from 0 to 65535", "--node", "node-1", "-p", "gre", "--dstkey", "65536")]
    [InlineData("say on which nodes", "--protocol", "tcp")]
    [InlineData("say which entries", "--node", "node-1")]
    [InlineData("--all goes with no other condition", "--node", "node-1", "--all", "--protocol", "tcp")]
    [InlineData("match.protocol: Invalid value: \"quic\": must be TCP, UDP", "--node", "node-1", "--protocol", "quic")]
    [InlineData("match.protocol: Invalid value: \"256\": must be TCP, UDP", "--node", "node-1", "--protocol", "256")]
    [InlineData(
        "match.replySource: Invalid value: \"10.244.1.7/16\": must be an address or a network", "--node", "node-1", "--reply-src",
        "10.244.1.7/16")]
    [InlineData(
        "match.replyDestination: Invalid value: \"pod-7\": must be an address or a network", "--node", "node-1", "--reply-dst", "pod-7")]
    [InlineData("--zone: Invalid value: \"65536\": must be from 0 to 65535", "--node", "node-1", "--zone", "65536")]
    [InlineData(
        "match: source, destination, replySource and replyDestination must be of one IP version", "--node", "node-1", "-s", "10.1.0.5",
        "--reply-src", "fd00::1")]
    [InlineData(
        "match.states: states of UDP and UDPLite are UNREPLIED, REPLIED and STREAM", "--node", "node-1", "--protocol", "17", "--state",
        "CLOSE")]
    [InlineData(
        "match.states[0]: Invalid value: \"REPLY\": states of UDP and UDPLite are UNREPLIED, REPLIED and STREAM", "--node", "node-1", "-p",
        "udp", "--state", "reply")]
    [InlineData("--selector: Invalid value: \"a in (b)\"", "--selector", "a in (b)", "--protocol", "tcp")]
    [InlineData("match.states", "--node", "node-1", "--protocol", "udp", "--state", "TIME_WAIT")]
    [InlineData("--yes: is needed, since standard input is not a terminal", "--all-nodes", "--all")]
    [InlineData("--yes: is needed, since standard input is not a terminal", "--node", "node-1", "-p", "tcp", "--no-wait")]
    public void What_is_not_valid_is_refused_before_the_cluster_is_asked(string expected, params string[] arguments)
    {
        var result = CliProcess.RunWith(
            null, new Dictionary<string, string> { ["KUBECONFIG"] = "/nonexistent" }, CliProcess.Program, ["flush", .. arguments]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
    }
}
