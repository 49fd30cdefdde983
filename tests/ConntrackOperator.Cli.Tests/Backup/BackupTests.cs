using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConntrackOperator.Cli.Backup;
using ConntrackOperator.Cli.Tests.Host;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Cli.Tests.Backup;

public sealed partial class BackupTests
{
    private const string Own =
        "table inet own { set s { type ipv4_addr; elements = { 10.0.0.1 } }; chain c { type filter hook input priority 5; ip saddr @s "
            + "accept; }; }\n";

    [Fact]
    public void Entries_come_back_as_they_were()
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        Entries.Load(host);
        var file = Path.Combine(host.Root, "b.json");
        Assert.EndsWith($", {Entries.Count} entries\n", Entries.Ok(host.Look("backup", file, "--entries")), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var before = Flows(host);

        Entries.Ok(host.Look("flush", "--all", "--yes"));
        var dry = Entries.Ok(host.Run("restore", "--from", file, "--entries", "--dry-run"));
        Assert.Equal($"{Entries.Count} of {Entries.Count} entries would be put back; dry run, nothing was written\n", dry);
        Assert.Equal(0, Entries.Number(host));

        Assert.EndsWith(
            $"{Entries.Count} of {Entries.Count} entries put back\n", Entries.Ok(host.Run("restore", "--from", file, "--entries")),
            StringComparison.Ordinal);
        Assert.Equal(before, Flows(host));
        Assert.Equal($"0 of {Entries.Count} entries put back\n", Entries.Ok(host.Run("restore", "--from", file, "--entries")));
    }

    [Fact]
    public void Entries_that_came_back_are_not_idle_since_before_that()
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        Entries.Load(host);
        var file = Path.Combine(host.Root, "b.json");
        Entries.Ok(host.Look("backup", file, "--entries"));
        Entries.Ok(host.Look("flush", "--all", "--yes"));
        Entries.Ok(host.Run("restore", "--from", file, "--entries"));
        Assert.Equal(Entries.Count, Entries.Number(host));
        Entries.Ok(host.Look("flush", "--idle-for", "1m", "--timeouts-held", "--yes"));
        Assert.Equal(Entries.Count, Entries.Number(host));
    }

    [Fact]
    public void Settings_do_not_come_back_from_another_state_directory_either_while_somebody_sets_the_machine()
    {
        using var host = new TestHost();
        var file = host.File("b.json", """{"format": "conntrack-backup/1", "settings": {"nf_conntrack_udp_timeout": 77}}""");
        using (host.Network.Run(() => new ConntrackOperator.Engine.NodeEngine(
            new ConntrackOperator.Engine.EngineOptions { StatePath = Path.Combine(host.Root, "agent") }, TimeProvider.System)))
        {
            var result = host.Run("restore", "--from", file);
            Assert.Equal(1, result.ExitCode);
            Assert.Contains("another process", result.Error, StringComparison.Ordinal);
        }

        Assert.Equal(30, host[SysctlNames.UdpTimeout]);
        Entries.Ok(host.Run("restore", "--from", file));
        Assert.Equal(77, host[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public async Task Settings_come_back_and_the_difference_is_shown_first()
    {
        // Nobody may change the machine's buckets meanwhile, which the backup holds as well.
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var host = new TestHost();
        var file = Path.Combine(host.Root, "b.json");
        Entries.Ok(host.Look("backup", file));
        var before = host[SysctlNames.UdpTimeout];
        host[SysctlNames.UdpTimeout] = 77;

        var dry = Entries.Ok(host.Run("restore", "--from", file, "--settings", "--dry-run"));
        Assert.Matches(@"nf_conntrack_udp_timeout +77 +" + before, dry);
        Assert.Equal(77, host[SysctlNames.UdpTimeout]);
        var report = JsonNode.Parse(Entries.Ok(host.Run("restore", "--from", file, "--settings", "-o", "json")))!;
        Assert.Equal(before, (long)report["settings"]!.AsArray().Single()!["now"]!);
        Assert.Equal(before, host[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void Settings_that_come_back_leave_their_originals_for_a_restore_and_are_no_plan()
    {
        using var host = new TestHost();
        var file = host.File(
            "b.json",
            """{"format": "conntrack-backup/1", "settings": {"nf_conntrack_udp_timeout": 77, "nf_conntrack_icmp_timeout": 11}}""");
        Entries.Ok(host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Timeouts)));
        Entries.Ok(host.Run("restore", "--from", file));
        Assert.Equal((77, 11, 60), (host[SysctlNames.UdpTimeout], host[SysctlNames.IcmpTimeout], host[SysctlNames.TcpTimeoutTimeWait]));
        Assert.Matches("nf_conntrack_udp_timeout +30 +77 +20 +Pending", host.Run("status").Output);

        // A policy that does not set it leaves it; one restore puts back what was there before all of it.
        Entries.Ok(host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Udp)));
        Assert.Equal((10, 11, 120), (host[SysctlNames.UdpTimeout], host[SysctlNames.IcmpTimeout], host[SysctlNames.TcpTimeoutTimeWait]));
        Entries.Ok(host.Run("restore", "--from", file));
        Entries.Ok(host.Run("restore"));
        Assert.Equal(30, host[SysctlNames.UdpTimeout]);
    }

    [Fact]
    public void That_the_plan_in_force_sets_it_again_is_said_with_what_ends_it()
    {
        using var host = new TestHost();
        var file = host.File(
            "b.json",
            """{"format": "conntrack-backup/1", "settings": {"nf_conntrack_udp_timeout": 77, "nf_conntrack_icmp_timeout": 11}}""");
        Assert.DoesNotContain("the plan", Entries.Ok(host.Run("restore", "--from", file, "--dry-run")), StringComparison.Ordinal);
        Entries.Ok(host.Run("apply", "-f", host.File("p.yaml", HostPolicies.Timeouts)));
        foreach (var dryRun in (string[][])[["--dry-run"], []])
        {
            Assert.Contains(
                "\nthe plan that was applied stays in force, and sets nf_conntrack_udp_timeout again at the next `host watch` or "
                    + "`host apply`; `host restore` without --from",
                Entries.Ok(host.Run(["restore", "--from", file, .. dryRun])), StringComparison.Ordinal);
        }

        Entries.Ok(host.Run("restore"));
        Assert.Equal(30, host[SysctlNames.UdpTimeout]);
        Assert.DoesNotContain("the plan", Entries.Ok(host.Run("restore", "--from", file)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nf_conntrack_icmp_timeout", "99999999999999", "0 to 21474836")]
    [InlineData("nf_conntrack_icmp_timeout", "99999999999999999999999", "0 to 21474836")]
    [InlineData("nf_conntrack_icmp_timeout", "null", "0 to 21474836")]
    [InlineData("nf_conntrack_icmp_timeout", "\"60\"", "0 to 21474836")]
    [InlineData("nf_conntrack_icmp_timeout", "1.5", "0 to 21474836")]
    [InlineData("nf_conntrack_tcp_loose", "5", "0 to 1")]
    [InlineData("nf_conntrack_tcp_max_retrans", "256", "0 to 255")]
    [InlineData("nf_conntrack_log_invalid", "256", "0 to 255")]
    [InlineData("nf_conntrack_events", "3", "0 to 2")]
    [InlineData("nf_conntrack_max", "2147483648", "0 to 2147483647")]
    [InlineData("nf_conntrack_buckets", "0", "1 to 2147483647")]
    [InlineData("nf_flowtable_udp_timeout", "true", "0 to 2147483647")]
    public void One_value_that_no_kernel_holds_keeps_all_from_being_put_back(string name, string value, string range)
    {
        using var host = new TestHost();
        var file = host.File(
            "b.json",
            $$$"""
            {"format": "conntrack-backup/1",
             "settings": {"nf_conntrack_generic_timeout": 77, "{{{name}}}": {{{value}}}, "nf_conntrack_udp_timeout": 77}}
            """);
        var result = host.Run("restore", "--from", file);
        Assert.Equal(
            (2, $"error: {file}: settings.{name}: Invalid value: {value}: must be from {range}\n"), (result.ExitCode, result.Error));
        Assert.Equal((600, 30), (host[SysctlNames.GenericTimeout], host[SysctlNames.UdpTimeout]));
    }

    [Fact]
    public void No_limit_can_be_put_back_and_is_called_so()
    {
        var keys = Directory.CreateTempSubdirectory("conntrack-operator-test-");
        try
        {
            File.WriteAllText(Path.Combine(keys.FullName, SysctlNames.Max), "262144");
            var file = Path.Combine(keys.FullName, "b.json");
            File.WriteAllText(file, """{"format": "conntrack-backup/1", "settings": {"nf_conntrack_max": 0}}""");
            var result = CliProcess.Run(
                "host", "restore", "--from", file, "--dry-run", "--sysctl-dir", keys.FullName, "--state-dir",
                Path.Combine(keys.FullName, "state"));
            Assert.Matches("nf_conntrack_max +262144 +no limit\n", Entries.Ok(result));
        }
        finally
        {
            keys.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_backup_takes_the_place_of_a_file_and_of_nothing_else()
    {
        using var host = new TestHost();
        var (real, link, other) = (Path.Combine(host.Root, "real"), Path.Combine(host.Root, "link"), Path.Combine(host.Root, "real.tmp"));
        File.WriteAllText(real, "old");
        File.WriteAllText(other, "another's");
        File.CreateSymbolicLink(link, "real");
        Entries.Ok(host.Look("backup", link));
        Assert.Equal(("real", "another's"), (new FileInfo(link).LinkTarget, File.ReadAllText(other)));
        Assert.Contains("conntrack-backup/1", File.ReadAllText(real), StringComparison.Ordinal);

        var (pipe, device) = (Path.Combine(host.Root, "pipe"), Path.Combine(host.Root, "device"));
        Entries.Ok(host.Shell("mkfifo", pipe));
        Entries.Ok(host.Shell("mknod", device, "c", "1", "3"));
        foreach (var path in (string[])[pipe, host.Root, device])
        {
            var result = host.Look("backup", path);
            Assert.Equal(
                (2, $"error: FILE: Invalid value: \"{path}\": must be a file, or the name of a new one\n"),
                (result.ExitCode, result.Error));
        }

        var read = host.Run("restore", "--from", host.Root);
        Assert.Equal((2, $"error: {host.Root}: is a directory, not a file\n"), (read.ExitCode, read.Error));
        Assert.Equal(
            ["device", "link", "pipe", "real", "real.tmp"], Directory.GetFileSystemEntries(host.Root).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void What_a_kernel_holds_and_no_restore_takes_is_said_and_keeps_nothing_else_from_being_put_back()
    {
        using var host = new TestHost();
        host[SysctlNames.IcmpTimeout] = -1;
        var file = Path.Combine(host.Root, "b.json");
        var backup = host.Look("backup", file);
        Assert.Contains("note: nf_conntrack_icmp_timeout is not saved: it holds -1, and", backup.Error, StringComparison.Ordinal);
        host[SysctlNames.UdpTimeout] = 77;
        Entries.Ok(host.Run("restore", "--from", file, "--settings"));
        Assert.Equal((30, -1), (host[SysctlNames.UdpTimeout], host[SysctlNames.IcmpTimeout]));
    }

    [Fact]
    public void Where_the_settings_can_not_be_seen_no_backup_is_written()
    {
        using var host = new TestHost();
        var file = Path.Combine(host.Root, "b.json");
        var result = host.Look("backup", file, "--sysctl-dir", Path.Combine(host.Root, "nothing"));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("its settings are not to be seen from here", result.Error, StringComparison.Ordinal);
        Assert.Equal([], Directory.GetFiles(host.Root));
    }

    [Fact]
    public void Settings_do_not_come_back_while_somebody_else_sets_the_machine()
    {
        using var host = new TestHost();
        var file = host.File("b.json", """{"format": "conntrack-backup/1", "settings": {"nf_conntrack_udp_timeout": 77}}""");
        using var agent = ConntrackOperator.Engine.State.StateDirectory.Open(host.State);
        var result = host.Run("restore", "--from", file);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("another process", result.Error, StringComparison.Ordinal);
        Assert.Equal(30, host[SysctlNames.UdpTimeout]);
        Assert.Equal(0, host.Run("restore", "--from", file, "--dry-run").ExitCode);
    }

    [Fact]
    public void A_limit_that_would_drop_packets_now_does_not_come_back()
    {
        var root = Directory.CreateTempSubdirectory("conntrack-operator-test-");
        try
        {
            var keys = Directory.CreateDirectory(Path.Combine(root.FullName, "keys")).FullName;
            foreach (var (key, value) in new Dictionary<string, string>
            {
                [SysctlNames.Max] = "262144",
                [SysctlNames.Buckets] = "262144",
                [SysctlNames.Count] = "200000",
            })
            {
                File.WriteAllText(Path.Combine(keys, key), value);
            }

            var file = Path.Combine(root.FullName, "b.json");
            File.WriteAllText(file, """{"format": "conntrack-backup/1", "settings": {"nf_conntrack_max": 131072}}""");
            var result = CliProcess.Run(
                "host", "restore", "--from", file, "--sysctl-dir", keys, "--state-dir", Path.Combine(root.FullName, "state"));
            Assert.Equal(3, result.ExitCode);
            Assert.Contains("nf_conntrack_max: Held: not lowered yet: with 200000 entries", result.Output, StringComparison.Ordinal);
            Assert.Equal("262144", File.ReadAllText(Path.Combine(keys, SysctlNames.Max)));
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    [Fact]
    public void Rules_come_back_and_those_that_came_since_go()
    {
        NetworkNamespace.Require("iptables", "nft");
        using var host = new TestHost();
        Entries.Ok(host.Shell("iptables", "-A", "INPUT", "-p", "tcp", "--dport", "99", "-j", "ACCEPT"));
        Entries.Ok(host.ShellWith(Own, "nft", "-f", "-"));
        var file = Path.Combine(host.Root, "b.json");
        Entries.Ok(host.Look("backup", file));
        var before = Rules(host);

        Entries.Ok(host.Shell("iptables", "-R", "INPUT", "1", "-p", "tcp", "--dport", "100", "-j", "DROP"));
        Entries.Ok(host.Shell("iptables", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"));
        Entries.Ok(host.Shell("nft", "delete", "table", "inet", "own"));
        Entries.Ok(host.Shell("nft", "add", "table", "inet", "other"));
        var changed = Rules(host);

        var dry = Entries.Ok(host.Run("restore", "--from", file, "--rules", "--dry-run"));
        Assert.Contains("\n- -A INPUT -p tcp -m tcp --dport 100 -j DROP\n", dry, StringComparison.Ordinal);
        Assert.Contains("\n+ -A INPUT -p tcp -m tcp --dport 99 -j ACCEPT\n", dry, StringComparison.Ordinal);
        Assert.Contains("\n+ table inet own {\n", dry, StringComparison.Ordinal);
        Assert.Equal(changed, Rules(host));

        Assert.EndsWith("2 rule sets put back\n", Entries.Ok(host.Run("restore", "--from", file, "--rules")), StringComparison.Ordinal);
        Assert.Equal(before, Rules(host));
    }

    [Theory]
    [InlineData(
        "table ip nat {\n\tchain post {\n\t\ttype nat hook postrouting priority 100;\n\t\toifname \"b6\" masquerade\n\t}\n}\n")]
    [InlineData(
        "table ip filter {\n\tset bad {\n\t\ttype ipv4_addr\n\t\telements = { 5.6.7.8 }\n\t}\n\tchain INPUT {\n"
            + "\t\ttype filter hook input priority 0;\n\t\tip saddr 1.2.3.4 drop\n\t\tip saddr @bad drop\n\t}\n}\n")]
    public void A_table_that_iptables_shows_and_has_no_words_for_stays_and_comes_back_as_it_was(string table)
    {
        NetworkNamespace.Require("iptables", "nft");
        using var host = new TestHost();
        Entries.Ok(host.ShellWith(table, "nft", "-f", "-"));
        var before = Entries.Ok(host.Shell("nft", "list", "ruleset"));
        var file = Path.Combine(host.Root, "b.json");
        Entries.Ok(host.Look("backup", file));

        // Beside it, in it, and without it.
        foreach (string[] change in (string[][])[
            ["iptables", "-t", "mangle", "-A", "INPUT", "-s", "9.9.9.9", "-j", "DROP"], ["iptables", "-A", "INPUT", "-j", "ACCEPT"],
            ["nft", "flush", "ruleset"]])
        {
            Entries.Ok(host.Shell(change[0], change[1..]));
            Assert.EndsWith(" put back\n", Entries.Ok(host.Run("restore", "--from", file, "--rules")), StringComparison.Ordinal);
            Assert.Equal(before, Entries.Ok(host.Shell("nft", "list", "ruleset")));
            Assert.StartsWith(
                "0 rule sets", Entries.Ok(host.Run("restore", "--from", file, "--rules", "--dry-run")), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("\tset bad {\n\t\ttype ipv4_addr\n\t}\n", true)]
    [InlineData("\tchain post {\n\t}\n", true)]
    [InlineData("\tmap m {\n\t\ttype ipv4_addr : verdict\n\t}\n", true)]
    public void Where_it_can_not_be_tried_sets_and_chains_of_other_names_tell_that_iptables_did_not_make_a_table(string more, bool expected)
    {
        // ipsets are of one network namespace, so these rules don't load in another.
        var rules = new RuleSets
        {
            Iptables = [
                "# Generated by iptables-save v1.8.9 (nf_tables) on a day", "*filter", ":INPUT ACCEPT [0:0]", ":own - [0:0]",
                "-A INPUT -m set --match-set nowhere src -j DROP", "COMMIT"],
            Nftables = [
                .. ("table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; policy accept;\n\t}\n\tchain own {\n"
                    + $"\t}}\n{more}}}").Split('\n')],
        };
        Assert.Equal(expected, IptablesTrial.Others(rules).Contains("ip filter"));
    }

    [Fact]
    public void Rules_that_do_not_load_change_nothing()
    {
        NetworkNamespace.Require("iptables", "nft");
        using var host = new TestHost();
        Entries.Ok(host.ShellWith(Own, "nft", "-f", "-"));
        var before = Rules(host);
        var file = host.File("b.json", """
            {"format": "conntrack-backup/1", "rules": {"nftables": ["table inet fresh {", "}"], "iptables": ["*filter", "-A NOWHERE -j ACCEPT", "COMMIT"]}}
            """);
        var result = host.Run("restore", "--from", file);
        Assert.Equal(3, result.ExitCode);
        Assert.Contains("iptables-restore refuses: ", result.Output, StringComparison.Ordinal);
        Assert.Equal(before, Rules(host));
    }

    [Theory]
    [InlineData("-F", "not a line that adds an entry: -F")]
    [InlineData("-A -s 10.0.0.1; reboot", "not a line that adds an entry")]
    public void An_entry_that_is_another_command_is_refused(string line, string expected)
    {
        using var host = new TestHost();
        var result = host.Run("restore", "--from", host.File("b.json", $$"""{"format": "conntrack-backup/1", "entries": ["{{line}}"]}"""));
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "no backup of this program")]
    [InlineData("{", "no backup: ")]
    [InlineData("{\"format\": \"conntrack-backup/1\", \"setings\": {}}", "no backup: ")]
    [InlineData("{\"format\": \"conntrack-backup/1\", \"entries\": [null]}", "entries[0]: Invalid value: null: must be a line of text")]
    [InlineData(
        "{\"format\": \"conntrack-backup/1\", \"rules\": {\"iptables\": [\"*nat\", null]}}",
        "rules.iptables[1]: Invalid value: null: must be a line of text")]
    [InlineData("{\"format\": \"conntrack-backup/1\", \"settings\": []}", "no backup: $.settings: not of the kind that it must be")]
    [InlineData("{\"format\": \"conntrack-backup/1\", \"settings\": {}, \"settings\": {}}", "no backup: ")]
    [InlineData(
        "{\"format\": \"conntrack-backup/1\", \"settings\": {\"nf_conntrack_udp_timeout\": -1}}",
        "settings.nf_conntrack_udp_timeout: Invalid value: -1: must be from 0 to 21474836")]
    [InlineData(
        "{\"format\": \"conntrack-backup/1\", \"settings\": {\"../core/somaxconn\": 1}}",
        "settings.../core/somaxconn: no key of connection tracking")]
    [InlineData(
        "{\"format\": \"conntrack-backup/1\", \"settings\": {\"nf_log_all_netns\": 1}}",
        "settings.nf_log_all_netns: no key of connection tracking")]
    public void A_file_that_is_no_backup_is_bad_input(string content, string expected)
    {
        using var host = new TestHost();
        var result = host.Run("restore", "--from", host.File("b.json", content));
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_backup_has_not_can_not_be_asked_for()
    {
        using var host = new TestHost();
        var file = Path.Combine(host.Root, "b.json");
        Entries.Ok(host.Look("backup", file));
        Assert.Equal(
            (2, $"error: {file}: there are no entries in this backup\n"),
            (host.Run("restore", "--from", file, "--entries") is var r ? (r.ExitCode, r.Error) : default));
    }

    private static List<string> Flows(TestHost host) =>
        [.. Entries.Ok(host.Shell("conntrack", "-L", "-o", "extended")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(l => Seconds().Replace(l.TrimEnd(), "$1 N ")).Order(StringComparer.Ordinal)];

    // nft lists tables by age, which a restore can't give back, and iptables' own with the chains that it has made so far.
    private static List<string> Rules(TestHost host) =>
    [
        .. string.Concat(Entries.Ok(host.Shell("iptables-save")), Entries.Ok(host.Shell("ip6tables-save"))).Split('\n')
            .Where(l => !l.StartsWith('#')),
        .. Entries.Ok(host.Shell("nft", "list", "ruleset")).Split("\n}\n").Where(t => !t.StartsWith("table ip ", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];

    [GeneratedRegex(@"^(ipv[46] +\d+ \S+ +\d+) \d+ ")]
    private static partial Regex Seconds();
}
