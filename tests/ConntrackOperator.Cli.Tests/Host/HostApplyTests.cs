using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;
using YamlDotNet.RepresentationModel;

namespace ConntrackOperator.Cli.Tests.Host;

public sealed class HostApplyTests
{
    [Fact]
    public void Apply_sets_the_kernel_and_says_what_it_did()
    {
        using var host = new TestHost();
        var result = host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Timeouts));

        Assert.Equal(
            """
            SETTING                              BEFORE   NOW   WANTED   STATE    POLICY
            nf_conntrack_tcp_timeout_time_wait      120    60       60   InSync   timeouts
            nf_conntrack_udp_timeout                 30    20       20   InSync   timeouts

            2 settings: 2 InSync; 2 changed now

            """,
            result.Output);
        Assert.Equal((0, string.Empty), (result.ExitCode, result.Error));
        Assert.Equal((20, 60), (host[SysctlNames.UdpTimeout], host[SysctlNames.TcpTimeoutTimeWait]));
    }

    [Fact]
    public void Applying_again_changes_nothing_and_what_left_the_file_is_put_back()
    {
        using var host = new TestHost();
        var file = host.File("p.yaml", HostPolicies.Timeouts);
        host.Run("apply", "-f", file);
        Assert.EndsWith("2 settings: 2 InSync; 0 changed now\n", host.Run("apply", "-f", file).Output, StringComparison.Ordinal);

        var result = host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Udp));

        Assert.Equal(
            """
            SETTING                              BEFORE   NOW   WANTED   STATE      POLICY
            nf_conntrack_udp_timeout                 20    10       10   InSync     timeouts
            nf_conntrack_tcp_timeout_time_wait       60   120      120   Restored   -

            2 settings: 1 InSync, 1 Restored; 2 changed now

            """,
            result.Output);
        Assert.Equal(120, host[SysctlNames.TcpTimeoutTimeWait]);
    }

    [Fact]
    public void What_can_not_be_written_here_is_exit_code_3_and_the_rest_is_applied()
    {
        using var host = new TestHost();
        var result = host.RunWith(HostPolicies.Size + "---\n" + HostPolicies.Timeouts, "apply", "-f", "-");

        Assert.Equal(3, result.ExitCode);
        Assert.Equal(20, host[SysctlNames.UdpTimeout]);
        Assert.Matches(@"nf_conntrack_max +\d+ +\d+ +200001 +ReadOnly +size", result.Output);
        Assert.Contains("\nnf_conntrack_max can't be written from here", result.Output, StringComparison.Ordinal);

        // The buckets are the machine's, which others may change meanwhile, and may just be those that are wanted.
        Assert.Matches(@"\n4 settings: (2 InSync, 2|3 InSync, 1) ReadOnly; 2 changed now\n$", result.Output);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 3)]
    public void A_dry_run_writes_nothing_at_all(bool size, int exit)
    {
        using var host = new TestHost();
        var before = host[SysctlNames.UdpTimeout];
        var result = host.RunWith(
            HostPolicies.Timeouts + (size ? "---\n" + HostPolicies.Size : string.Empty), "apply", "-f", "-", "--dry-run");

        Assert.Equal(exit, result.ExitCode);
        Assert.Matches("nf_conntrack_udp_timeout +30 +30 +20 +Pending +timeouts", result.Output);
        Assert.EndsWith("; dry run, nothing was written\n", result.Output, StringComparison.Ordinal);
        Assert.Equal(before, host[SysctlNames.UdpTimeout]);
        Assert.False(Directory.Exists(host.State));
    }

    [Fact]
    public void On_a_terminal_states_have_colours_and_with_NO_COLOR_none()
    {
        NetworkNamespace.Require("script");
        using var host = new TestHost();
        var apply = $"{CliProcess.Program} host apply --dry-run -f {host.File("p.yaml", HostPolicies.Timeouts)} --state-dir {host.State}";
        Assert.Contains(
            "\u001b[", host.Shell("script", "-qec", "env -u NO_COLOR TERM=xterm-256color " + apply, "/dev/null").Output,
            StringComparison.Ordinal);
        Assert.DoesNotContain(
            "\u001b[3", host.Shell("script", "-qec", "env NO_COLOR=1 TERM=xterm-256color " + apply, "/dev/null").Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Json_is_a_ConntrackNode()
    {
        using var host = new TestHost();
        var result = host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Timeouts), "-o", "json");
        var node = JsonSerializer.Deserialize(result.Output, ApiJson.Default.ConntrackNode)!;

        Assert.Equal((ApiGroup.ApiVersion, "ConntrackNode"), (node.ApiVersion, node.Kind));
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/hostname").Trim(), node.Metadata!.Name);
        Assert.Equal([60, 20], node.Spec!.Settings!.Select(s => s.Value));
        Assert.All(node.Status!.Settings!, s => Assert.Equal(SettingState.InSync, s.State));
        Assert.Equal([120, 30], node.Status!.Settings!.Select(s => s.Original));
    }

    [Fact]
    public void Yaml_says_the_same()
    {
        using var host = new TestHost();
        var result = host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Timeouts), "-o", "yaml");
        var yaml = new YamlStream();
        yaml.Load(new StringReader(result.Output));
        var node = (YamlMappingNode)yaml.Documents.Single().RootNode;
        Assert.Equal("ConntrackNode", node["kind"].ToString());
        Assert.Equal(["60", "20"], ((YamlSequenceNode)node["spec"]["settings"]).Select(s => s["value"].ToString()));
    }

    [Fact]
    public void Several_files_make_one_plan_and_the_higher_priority_wins()
    {
        using var host = new TestHost();
        var high = HostPolicies.Udp.Replace("timeouts}", "udp}", StringComparison.Ordinal)
            .Replace("spec:", "spec:\n  priority: 5", StringComparison.Ordinal);
        var result = host.Run("apply", "-f", host.File("a.yaml", HostPolicies.Timeouts), "-f", host.File("b.yaml", high));
        Assert.Equal(0, result.ExitCode);
        Assert.Equal((10, 60), (host[SysctlNames.UdpTimeout], host[SysctlNames.TcpTimeoutTimeWait]));
        Assert.Matches("nf_conntrack_udp_timeout .* udp\n", result.Output);
    }

    [Fact]
    public void Two_policies_of_one_name_in_two_files_are_refused()
    {
        using var host = new TestHost();
        var result = host.Run("apply", "-f", host.File("a.yaml", HostPolicies.Timeouts), "-f", host.File("b.yaml", HostPolicies.Udp));
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("more than one of the files has a policy of this name", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Equal_priorities_that_differ_are_said()
    {
        using var host = new TestHost();
        var other = HostPolicies.Udp.Replace("timeouts}", "other}", StringComparison.Ordinal);
        var result = host.Run("apply", "-f", host.File("a.yaml", HostPolicies.Timeouts), "-f", host.File("b.yaml", other));
        Assert.Contains("conflict: timeouts.udp.unreplied: policy other says", result.Error, StringComparison.Ordinal);
        Assert.Equal(10, host[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void A_node_selector_is_ignored_and_that_is_said_in_one_line()
    {
        using var host = new TestHost();
        var selecting = HostPolicies.Timeouts.Replace(
            "spec:", "spec:\n  nodeSelector: {matchLabels: {pool: edge}}", StringComparison.Ordinal);
        var result = host.Run("apply", "-f", host.File("p.yaml", selecting));
        Assert.Equal("note: the nodeSelector of policy timeouts does not match this host; on one host it is ignored\n", result.Error);
        Assert.Equal(20, host[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void Condition_on_a_Node_is_ignored_on_a_host_and_that_is_said()
    {
        using var host = new TestHost();
        var asking = HostPolicies.Timeouts.Replace("spec:", "spec:\n  pressure: {nodeCondition: true}", StringComparison.Ordinal);
        var result = host.Run("apply", "-f", host.File("p.yaml", asking));
        Assert.Equal("note: policy timeouts: pressure.nodeCondition is for a cluster's Nodes; on one host it is ignored\n", result.Error);
        Assert.Equal(20, host[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void A_table_over_the_memory_limit_is_refused_with_the_figures()
    {
        using var host = new TestHost();
        var huge = HostPolicies.Size.Replace("200001", "134217728", StringComparison.Ordinal)
            .Replace(", buckets: 65536", ", memoryLimitPercent: 1", StringComparison.Ordinal);
        var result = host.Run("apply", "-f", host.File("p.yaml", huge));
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("nf_conntrack_max: refused (OverMemoryLimit):", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("spec:\n  timeouts: {generic: 5d}", "p.yaml:5: spec.timeouts.generic: Invalid value: \"5d\": ")]
    [InlineData("spec:\n  timeouts: {generc: 5m}", "p.yaml:5: spec.timeouts.generc: unknown field")]
    [InlineData(
        "spec:\n  table: {size: {entries: 5}}", "p.yaml:5: spec.table.size.entries: Invalid value: 5: must be from 1024 to 134217728")]
    [InlineData("spec: [", "p.yaml:")]
    public void A_bad_file_is_exit_code_2_with_file_line_field_value_and_what_is_allowed(string spec, string expected)
    {
        using var host = new TestHost();
        var file = host.File("p.yaml", "apiVersion: conntrack.dev/v1alpha1\nkind: ConntrackPolicy\nmetadata: {name: bad}\n" + spec + "\n");
        var good = host.File("good.yaml", HostPolicies.Timeouts);

        var result = host.Run("apply", "-f", good, "-f", file);

        Assert.Equal(2, result.ExitCode);
        Assert.StartsWith("error: " + host.Root + "/" + expected, result.Error, StringComparison.Ordinal);
        Assert.Equal(30, host[SysctlNames.UdpTimeout]);
        Assert.False(Directory.Exists(host.State));
    }

    [Fact]
    public void A_file_that_is_not_there_is_bad_input() =>
        Assert.Equal(
            (2, "error: /nonexistent.yaml: no such file\n"),
            (CliProcess.Run("host", "apply", "-f", "/nonexistent.yaml") is var r ? (r.ExitCode, r.Error) : default));

    [Fact]
    public void A_read_only_mount_is_named_before_anything_is_done()
    {
        using var host = new TestHost();
        var keys = Directory.CreateDirectory(Path.Combine(host.Root, "keys")).FullName;
        var file = host.File("p.yaml", HostPolicies.Timeouts);
        var result = host.Shell(
            "unshare", "-m", "sh", "-c",
            $"mount --bind /proc/sys/net/netfilter {keys} && mount -o remount,ro,bind {keys} && {CliProcess.Program} host apply -f "
                + $"{file} --sysctl-dir {keys} --state-dir {host.State}");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains($"and {keys} is mounted read-only. It takes root or CAP_NET_ADMIN", result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(host.State));
    }

    [Theory]
    [InlineData("apply")]
    [InlineData("restore")]
    [InlineData("watch")]
    public void Without_root_it_says_what_it_lacks(string command)
    {
        using var host = new TestHost();
        var file = host.File("p.yaml", HostPolicies.Timeouts);
        Directory.CreateDirectory(host.Root, (UnixFileMode)0x1ED);
        File.SetUnixFileMode(host.Root, (UnixFileMode)0x1ED);
        string[] files = command == "restore" ? [] : ["-f", file];
        string[] drop = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];
        Assert.SkipUnless(
            host.Shell("setpriv", [.. drop, CliProcess.Program, "version"]).ExitCode == 0,
            "The program, or the runtime, can't be read by another user here.");

        var result = host.Shell("setpriv", [.. drop, CliProcess.Program, "host", command, .. files, "--state-dir", host.State]);

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(
            "this runs as nobody, without CAP_NET_ADMIN. It takes root or CAP_NET_ADMIN, and /proc/sys/net/netfilter writable; try sudo",
            result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(host.State));
    }
}
