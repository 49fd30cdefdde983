using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConntrackOperator.Api;

namespace ConntrackOperator.Cli.Tests.Cluster;

public sealed partial class ClusterCommandTests(ReportedCluster cluster) : IClassFixture<ReportedCluster>
{
    private const string Batch = """
        apiVersion: conntrack.dev/v1alpha1
        kind: ConntrackPolicy
        metadata: {name: batch}
        spec:
          nodeSelector: {matchLabels: {pool: batch}}
          priority: 10
          table: {size: {auto: {entriesPerCore: 65536}}}
          timeouts: {udp: {unreplied: 20s}}
        """;

    [Fact]
    public void Status_shows_policies_as_kubectl_does_then_the_nodes_that_need_a_look_first()
    {
        var result = cluster.Run(null, "status");
        Assert.Equal(
            """
            NAME   NODES   READY   FAILED   HOTTEST      DROPS/MIN   RACES/MIN   STATUS        AGE
            edge       3       1        1   node-2 91%           7          24   NodesFailed   0s

            NODE     ENTRIES     LIMIT   USED%   DROPS/MIN   RACES/MIN   APPLIED       PRESSURE   WHY
            node-2    238552    262144      91           7          12   ReadOnly      Critical   as told
            node-3         -         -       -           -           -   NotReported   -          its agent has not reported yet
            node-1      1000   1048576       0           0          12   InSync        Normal

            """,
            Age().Replace(result.Output, "   0s\n"));
        Assert.Equal((3, string.Empty), (result.ExitCode, result.Error));
    }

    [Fact]
    public void Status_as_json_is_a_list_of_the_objects()
    {
        var items = JsonNode.Parse(cluster.Run(null, "status", "-o", "json").Output)!["items"]!.AsArray();
        Assert.Equal(
            ["ConntrackPolicy edge", "ConntrackNode node-1", "ConntrackNode node-2", "ConntrackNode node-3"],
            items.Select(i => $"{i!["kind"]} {i["metadata"]!["name"]}"));
    }

    [Fact]
    public void Status_of_a_policy_says_where_it_does_not_hold_why_and_what_to_do()
    {
        var result = cluster.Run(null, "status", "edge");
        Assert.Equal(
            """
            CONDITION   STATUS   REASON        MESSAGE
            Ready       False    NodesFailed   1 of 3 nodes can not be set

            nodes: 3 selected, 1 ready, 0 updating, 0 waiting, 0 drifted, 1 failed, 1 unreachable
            fullest table: node-2 91%

            NODE     SETTING               NOW    WANTED   STATE      WHAT TO DO
            node-2   nf_conntrack_max   262144   1048576   ReadOnly   it is read-only here: run the agent with hostNetwork
            node-3   nf_conntrack_max        -   1048576   Pending    nothing: the agent has not reported on this plan yet; if that lasts, look at its pod on the node

            """,
            result.Output);
        Assert.Equal(3, result.ExitCode);
        var policy = JsonSerializer.Deserialize(cluster.Run(null, "status", "edge", "-o", "json").Output, ApiJson.Default.ConntrackPolicy)!;
        Assert.Equal(7, policy.Status!.Usage!.TableFullDropsPerMinute);
    }

    [Fact]
    public void A_policy_that_there_is_not_is_bad_input_and_those_there_are_are_named()
    {
        var result = cluster.Run(null, "status", "egde");
        Assert.Equal((2, "error: there is no ConntrackPolicy \"egde\"; there are edge\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public void Plan_shows_only_the_nodes_that_would_change_with_rule_policy_and_memory()
    {
        var result = cluster.Run(Batch, "plan", "-f", "-");
        Assert.Equal((0, string.Empty), (result.ExitCode, result.Error));
        Assert.StartsWith("node-3\nSETTING ", result.Output, StringComparison.Ordinal);
        Assert.Matches(@"nf_conntrack_max +\? +262144 +Set +batch +table.size: ", result.Output);
        Assert.Matches(@"nf_conntrack_udp_timeout +\? +20 +Set +batch +timeouts.udp.unreplied", result.Output);
        Assert.Contains("memory when the table is full: ? now, 104Mi then", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("\n1 of 4 nodes would change; nothing was applied\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_of_a_policy_that_is_there_already_takes_its_place()
    {
        const string edge = """
            {"apiVersion": "conntrack.dev/v1alpha1", "kind": "ConntrackPolicy", "metadata": {"name": "edge"}, "spec": {"timeouts": {"generic": "5m"}}}
            """;
        var result = cluster.Run(edge, "plan", "-f", "-");
        Assert.Matches(@"nf_conntrack_max +1048576 +262144 +Restore +edge +no policy sets it any more", result.Output);
        Assert.Matches(@"nf_conntrack_generic_timeout +\? +300 +Set +edge +timeouts.generic", result.Output);
        Assert.EndsWith("\n3 of 4 nodes would change; nothing was applied\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_as_json_tells_the_same_figures()
    {
        var report = JsonNode.Parse(cluster.Run(Batch, "plan", "-f", "-", "-o", "json").Output)!;
        var node = report["nodes"]!.AsArray().Single()!;
        Assert.Equal("node-3", node["name"]!.GetValue<string>());
        Assert.Equal(
            [262144, 20],
            node["changes"]!.AsArray().Where(c => c!["policy"]!.GetValue<string>() == "batch")
                .Select(c => c!["planned"]!.GetValue<long>()));
        Assert.Equal((262144L * 384) + (1048576 * 8), node["memoryBytesAfter"]!.GetValue<long>());
    }

    [Fact]
    public void Plan_of_a_table_over_the_memory_limit_is_exit_code_3()
    {
        var result = cluster.Run(
            Batch.Replace("auto: {entriesPerCore: 65536}", "entries: 134217728", StringComparison.Ordinal), "plan", "-f", "-");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("refused: nf_conntrack_max of policy batch (OverMemoryLimit): ", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_of_a_threshold_that_the_other_one_forbids_says_so_and_is_exit_code_3()
    {
        var result = cluster.Run(
            """
            {"apiVersion": "conntrack.dev/v1alpha1", "kind": "ConntrackPolicy", "metadata": {"name": "low"}, "spec":
              {"ipv6Fragments": {"lowThreshold": "8Mi"}}}
            """,
            "plan", "-f", "-");
        Assert.Contains(
            "nf_conntrack_frag6_low_thresh will be refused by the kernel: ipv6Fragments.lowThreshold 8388608 is above "
                + "ipv6Fragments.highThreshold, which is 4194304 (nf_conntrack_frag6_high_thresh): set both (taken to be the kernel's "
                + "default, as the node tells none)\n",
            result.Output, StringComparison.Ordinal);
        Assert.Equal(3, result.ExitCode);
    }

    [Fact]
    public void A_bad_file_is_refused_before_the_cluster_is_asked()
    {
        var result = CliProcess.RunWith(
            Batch.Replace("20s", "20x", StringComparison.Ordinal), new Dictionary<string, string> { ["KUBECONFIG"] = "/nonexistent" },
            CliProcess.Program, "plan", "-f", "-");
        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith("error: <stdin>:8: spec.timeouts.udp.unreplied: Invalid value: \"20x\"", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kubeconfig_can_be_named_and_a_context_that_it_has_not_is_said()
    {
        var right = cluster.Run(null, "status", "edge", "--kubeconfig", cluster.Kubeconfig);
        Assert.Equal(3, right.ExitCode);
        var wrong = cluster.Run(null, "status", "--context", "elsewhere");
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("elsewhere", wrong.Error, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"   \d+[smh]\n")]
    private static partial Regex Age();
}
