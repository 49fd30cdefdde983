using System.Diagnostics;
using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Engine.Enforcement;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Cli.Tests.Host;

public sealed class HostLifeTests
{
    [Fact]
    public void Status_of_a_host_that_nobody_set_needs_no_state_directory()
    {
        using var host = new TestHost();
        var result = host.Run("status");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("applied   NoPlan: ", result.Output, StringComparison.Ordinal);
        Assert.Matches(@"table +0 of \d+ entries \(0%\)", result.Output);
        Assert.False(Directory.Exists(host.State));
    }

    [Fact]
    public void Status_shows_original_now_and_wanted_and_drift_is_exit_code_3()
    {
        using var host = new TestHost();
        host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Timeouts));
        var result = host.Run("status");
        Assert.Equal(0, result.ExitCode);
        Assert.EndsWith(
            """
            SETTING                              ORIGINAL   NOW   WANTED   STATE    POLICY
            nf_conntrack_tcp_timeout_time_wait        120    60       60   InSync   timeouts
            nf_conntrack_udp_timeout                   30    20       20   InSync   timeouts

            2 settings: 2 InSync

            """,
            result.Output, StringComparison.Ordinal);

        host[SysctlNames.UdpTimeout] = 31;
        var drifted = host.Run("status", "-o", "json");
        Assert.Equal(3, drifted.ExitCode);
        Assert.Equal(31, JsonSerializer.Deserialize(drifted.Output, ApiJson.Default.ConntrackNode)!.Status!.Settings![1].Actual);
        Assert.Equal(31, host[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void Restore_puts_everything_back_even_what_the_policy_would_keep_and_forgets_the_plan()
    {
        using var host = new TestHost();
        host.Run(
            "apply", "-f",
            host.File("p.yaml", HostPolicies.Timeouts.Replace("spec:", "spec:\n  onDelete: Keep", StringComparison.Ordinal)));
        var result = host.Run("restore");

        Assert.Equal(
            """
            SETTING                              BEFORE   NOW   WANTED   STATE      POLICY
            nf_conntrack_tcp_timeout_time_wait       60   120      120   Restored   -
            nf_conntrack_udp_timeout                 20    30       30   Restored   -

            2 settings: 2 Restored; the plan is forgotten

            """,
            result.Output);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal((30, 120), (host[SysctlNames.UdpTimeout], host[SysctlNames.TcpTimeoutTimeWait]));
        Assert.False(File.Exists(Path.Combine(host.State, "plan.json")));
        Assert.StartsWith("nothing to restore", host.Run("restore").Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lowThreshold: 8Mi", "nf_conntrack_frag6_low_thresh", 3145728,
        "ipv6Fragments.lowThreshold 8388608 is above ipv6Fragments.highThreshold, which is 4194304 "
            + "(nf_conntrack_frag6_high_thresh): set both")]
    [InlineData("highThreshold: 1Mi", "nf_conntrack_frag6_high_thresh", 4194304,
        "ipv6Fragments.highThreshold 1048576 is below ipv6Fragments.lowThreshold, which is 3145728 "
            + "(nf_conntrack_frag6_low_thresh): set both")]
    public void A_threshold_that_the_other_one_forbids_is_said_to_be_refused_before_and_after(
        string field, string key, long held, string why)
    {
        using var host = new TestHost();
        Assert.Equal(held, host[key]);
        var file = host.File("p.yaml", HostPolicies.Udp.Replace(
            "timeouts:\n    udp: {unreplied: 10s}", $"ipv6Fragments: {{{field}}}", StringComparison.Ordinal));
        foreach (var (command, words) in new (string[], string)[]
        {
            (["apply", "-f", file, "--dry-run"], $"{key}: will be refused by the kernel: {why}"),
            (["apply", "-f", file], $"(EINVAL). {why}"),
            (["status"], $"{key}: will be refused by the kernel: {why}"),
        })
        {
            var result = host.Run(command);
            Assert.Equal((3, true), (result.ExitCode, result.Output.Contains(words, StringComparison.Ordinal)));
            Assert.Contains(" Failed ", result.Output, StringComparison.Ordinal);
        }

        Assert.Equal(held, host[key]);
    }

    [Fact]
    public void Thresholds_that_fit_together_are_set_though_each_alone_would_be_refused()
    {
        using var host = new TestHost();
        var file = host.File("p.yaml", HostPolicies.Udp.Replace(
            "timeouts:\n    udp: {unreplied: 10s}", "ipv6Fragments: {lowThreshold: 8Mi, highThreshold: 9Mi}", StringComparison.Ordinal));
        Assert.Equal(0, host.Run("apply", "-f", file, "--dry-run").ExitCode);
        Assert.Equal(0, host.Run("apply", "-f", file).ExitCode);
        Assert.Equal(8388608, host["nf_conntrack_frag6_low_thresh"]);
    }

    [Fact]
    public void A_key_that_nobody_has_is_not_supported_and_the_nearest_is_named()
    {
        using var host = new TestHost();
        var result = host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Udp.Replace(
            "timeouts:\n    udp: {unreplied: 10s}", "sysctls: {nf_conntrack_udp_timeoutt: \"1\"}", StringComparison.Ordinal)));
        Assert.Equal(0, result.ExitCode);
        Assert.Contains(" NotSupported ", result.Output, StringComparison.Ordinal);
        Assert.Contains(
            "This kernel has no nf_conntrack_udp_timeoutt. Did you mean nf_conntrack_udp_timeout (the field timeouts.udp.unreplied)?\n",
            result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Status_of_a_machine_without_a_plan_says_so_in_words_for_one_machine()
    {
        using var host = new TestHost();
        Assert.Contains(
            "\napplied   NoPlan: there is no plan: none was applied on this machine, and none has come from a controller\n",
            host.Run("status").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void What_holds_its_original_already_is_restored_and_not_changed()
    {
        using var host = new TestHost();
        host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Timeouts));
        host[SysctlNames.TcpTimeoutTimeWait] = 120;
        Assert.EndsWith(
            "2 settings: 1 InSync, 1 Restored; 1 changed now\n", host.Run("apply", "-f", host.File("q.yaml", HostPolicies.Udp)).Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void What_leaves_a_policy_that_keeps_is_said_to_be_left_as_it_is_not_to_be_restored()
    {
        using var host = new TestHost();
        var keeps = HostPolicies.Timeouts.Replace("spec:", "spec:\n  onDelete: Keep", StringComparison.Ordinal);
        host.Run("apply", "-f", host.File("p.yaml", keeps));
        var udp = host.File("q.yaml", HostPolicies.Udp);
        const string Why =
            "nf_conntrack_tcp_timeout_time_wait: left as it is, since the policy that set it said onDelete: Keep; before that it held 120";
        foreach (var (options, end) in new (string[], string)[]
        {
            (["--dry-run"], "2 settings: 1 Pending, 1 Kept; dry run, nothing was written\n"),
            ([], "2 settings: 1 InSync, 1 Kept; 1 changed now\n"),
        })
        {
            var output = host.Run(["apply", "-f", udp, .. options]).Output;
            Assert.Matches(@"\nnf_conntrack_tcp_timeout_time_wait +60 +60 +- +Kept +-\n", output);
            Assert.Contains(Why, output.Split('\n'));
            Assert.EndsWith(end, output, StringComparison.Ordinal);
        }

        Assert.Equal(60, host[SysctlNames.TcpTimeoutTimeWait]);
        Assert.DoesNotContain("time_wait", host.Run("restore").Output, StringComparison.Ordinal);
        Assert.Equal(60, host[SysctlNames.TcpTimeoutTimeWait]);
    }

    [Fact]
    public void What_restore_from_set_is_kept_by_an_apply_that_does_not_know_it_with_the_true_reason_and_restored_at_last()
    {
        using var host = new TestHost();
        var backup = host.File("b.json", """{"format": "conntrack-backup/1", "settings": {"nf_conntrack_tcp_timeout_time_wait": 77}}""");
        Assert.Equal(0, host.Run("restore", "--from", backup).ExitCode);
        var udp = host.File("q.yaml", HostPolicies.Udp);
        foreach (var options in (string[][])[["--dry-run"], [], []])
        {
            var output = host.Run(["apply", "-f", udp, .. options]).Output;
            Assert.Matches(@"\nnf_conntrack_tcp_timeout_time_wait +77 +77 +- +Kept +-\n", output);
            Assert.Contains(
                "nf_conntrack_tcp_timeout_time_wait: left as it is: no policy set it, `host restore --from` did; `host restore` puts back "
                    + "what it held before, 120", output.Split('\n'));
            Assert.DoesNotContain("onDelete", output, StringComparison.Ordinal);
        }

        var restored = host.Run("restore");
        Assert.Matches(@"\nnf_conntrack_tcp_timeout_time_wait +77 +120 +120 +Restored +-\n", restored.Output);
        Assert.Equal((0, 120L), (restored.ExitCode, host[SysctlNames.TcpTimeoutTimeWait]));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("{\"originals\": {}}")]
    [InlineData("{\"format\": 2}")]
    public void Restore_with_a_file_that_can_not_be_read_fails_and_keeps_the_file(string content)
    {
        using var host = new TestHost();
        host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Timeouts));
        var file = Path.Combine(host.State, "originals.json");
        File.WriteAllText(file, content);

        var result = host.Run("restore");
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"error: {file} ", result.Error, StringComparison.Ordinal);
        Assert.Contains("Nothing was put back, and what is there is left as it is", result.Error, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(file));
        Assert.Equal(20, host[SysctlNames.UdpTimeout]);
        Assert.True(File.Exists(Path.Combine(host.State, "plan.json")));
    }

    [Fact]
    public void Restore_after_a_file_was_set_aside_puts_back_what_is_known_and_fails()
    {
        using var host = new TestHost();
        host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Timeouts));
        File.WriteAllText(Path.Combine(host.State, "originals.json"), "null");
        host[SysctlNames.UdpTimeout] = 31;
        Assert.Contains(
            "can't be read", host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Timeouts)).Error, StringComparison.Ordinal);
        var result = host.Run("restore");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("originals.json.corrupt could not be read", result.Error, StringComparison.Ordinal);
        Assert.Equal((31, 60), (host[SysctlNames.UdpTimeout], host[SysctlNames.TcpTimeoutTimeWait]));
    }

    [Theory]
    [InlineData(Signals.Interrupt)]
    [InlineData(Signals.Terminate)]
    public void Watch_puts_drift_back_tells_it_and_leaves_the_settings_when_it_ends(int signal)
    {
        using var host = new TestHost();
        using var watch = host.Start("watch", "-f", host.File("p.yaml", HostPolicies.Timeouts));
        try
        {
            ReadUntil(watch, "nf_conntrack_udp_timeout 20 InSync");
            host[SysctlNames.UdpTimeout] = 77;
            ReadUntil(watch, "nf_conntrack_udp_timeout 20 InSync (something else had set it; put back)");
            Assert.Equal(20, host[SysctlNames.UdpTimeout]);
        }
        finally
        {
            Signals.Send(watch, signal);
        }

        Assert.True(watch.WaitForExit(TimeSpan.FromSeconds(90)));
        Assert.Equal(0, watch.ExitCode);
        Assert.Equal(20, host[SysctlNames.UdpTimeout]);
        Assert.True(File.Exists(Path.Combine(host.State, "plan.json")));
    }

    [Fact]
    public void Watch_without_a_file_takes_the_plan_that_was_kept()
    {
        using var host = new TestHost();
        host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Timeouts));
        host[SysctlNames.UdpTimeout] = 30;
        using var watch = host.Start("watch");
        try
        {
            ReadUntil(watch, "nf_conntrack_udp_timeout 20 InSync");
        }
        finally
        {
            Signals.Send(watch, Signals.Terminate);
            watch.WaitForExit();
        }
    }

    [Fact]
    public void Watch_without_a_file_and_without_a_plan_is_bad_input()
    {
        using var host = new TestHost();
        var result = host.Run("watch");
        Assert.Equal((2, $"error: no plan is kept in {host.State}: give one with -f\n"), (result.ExitCode, result.Error));
    }

    [Fact]
    public void While_one_watches_another_may_look_but_not_set()
    {
        using var host = new TestHost();
        var file = host.File("p.yaml", HostPolicies.Timeouts);
        using var watch = host.Start("watch", "-f", file);
        try
        {
            ReadUntil(watch, "nf_conntrack_udp_timeout 20 InSync");
            Assert.Equal(0, host.Run("status").ExitCode);
            Assert.Equal(0, host.Run("apply", "-f", file, "--dry-run").ExitCode);
            var busy = host.Run("apply", "-f", file);
            Assert.Equal(1, busy.ExitCode);
            Assert.Contains("another process", busy.Error, StringComparison.Ordinal);
        }
        finally
        {
            Signals.Send(watch, Signals.Terminate);
            watch.WaitForExit();
        }
    }

    [Fact]
    public void Where_no_keys_are_seen_it_says_why_and_what_to_do()
    {
        var root = Directory.CreateTempSubdirectory("conntrack-operator-test-");
        try
        {
            var file = Path.Combine(root.FullName, "p.yaml");
            File.WriteAllText(file, HostPolicies.Timeouts);
            var result = CliProcess.Run(
                "host", "apply", "-f", file, "--sysctl-dir", Path.Combine(root.FullName, "none"), "--state-dir",
                Path.Combine(root.FullName, "state"));
            Assert.Equal(3, result.ExitCode);
            var loaded = Directory.Exists("/sys/module/nf_conntrack") || File.Exists("/proc/net/stat/nf_conntrack");
            Assert.Contains(loaded ? "are not to be seen from here" : "modprobe nf_conntrack", result.Output, StringComparison.Ordinal);
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    [Fact]
    public void Status_where_no_keys_are_seen_says_what_is_missing_and_not_that_the_module_is()
    {
        // The module is there, or else there would be no keys in a namespace of its own either.
        using var host = new TestHost();
        var empty = Directory.CreateDirectory(Path.Combine(host.Root, "none")).FullName;
        foreach (var keys in (string[])[empty, Path.Combine(empty, "missing")])
        {
            var result = host.Run("status", "--sysctl-dir", keys);
            Assert.Contains("\ntable     " + Enforcer.KeysNotSeenMessage + "\n", result.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("not loaded", result.Output, StringComparison.Ordinal);
            Assert.Contains("\ncounted   since ", result.Output, StringComparison.Ordinal);
        }
    }

    private static void ReadUntil(Process process, string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        var seen = new List<string>();
        while (true)
        {
            var line = process.StandardOutput.ReadLineAsync(limit.Token).AsTask().GetAwaiter().GetResult();
            Assert.True(
                line is not null,
                $"ended without '{text}', after: {string.Join('\n', seen)} "
                    + $"{(process.HasExited ? process.StandardError.ReadToEnd() : string.Empty)}");
            seen.Add(line);
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }
    }
}
