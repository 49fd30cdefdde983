using System.Text.Json.Nodes;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Cli.Tests.Host;

public sealed class HostFlushTests
{
    [Fact]
    public void Only_what_matches_goes_and_a_dry_run_deletes_nothing()
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        Entries.Load(host);
        var timeWait = host.Look("flows", "-p", "tcp", "--state", "TIME_WAIT").Output.Count(c => c == '\n');
        Assert.True(timeWait > 50);

        var dry = host.Look("flush", "--protocol", "tcp", "--state", "TIME_WAIT", "--dry-run");
        Assert.Equal((0, $"{timeWait} of "), (dry.ExitCode, dry.Output[..$"{timeWait} of ".Length]));
        Assert.EndsWith("entries match; dry run, nothing was deleted\n", dry.Output, StringComparison.Ordinal);
        Assert.Equal(Entries.Count, Entries.Number(host));

        var report = JsonNode.Parse(Entries.Ok(host.Look("flush", "--protocol", "tcp", "--state", "TIME_WAIT", "--yes", "-o", "json")))!;
        Assert.Equal((timeWait, timeWait, 0), ((int)report["matched"]!, (int)report["deleted"]!, (int)report["failed"]!));
        Assert.Equal(Entries.Count - timeWait, Entries.Number(host));
        Assert.Empty(host.Look("flows", "-p", "tcp", "--state", "TIME_WAIT").Output);
    }

    [Fact]
    public void Rules_stay_byte_for_byte_as_they_were()
    {
        NetworkNamespace.Require("conntrack", "iptables", "nft");
        using var host = new TestHost();
        host.Shell("iptables", "-A", "INPUT", "-p", "tcp", "--dport", "99", "-j", "ACCEPT");
        host.Shell("ip6tables", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE");
        Entries.Ok(host.ShellWith(
            "table inet own { set s { type ipv4_addr; elements = { 10.0.0.1 } }; chain c { type filter hook input priority 5; ip saddr @s "
                + "counter accept; }; }\n",
            "nft", "-f", "-"));
        Entries.Load(host);
        var before = Rules(host);
        Assert.Contains("--dport 99", before, StringComparison.Ordinal);

        Assert.Equal(0, host.Look("flush", "--all", "--yes").ExitCode);
        Assert.Equal(0, Entries.Number(host));
        Assert.Equal(before, Rules(host));

        // Each program says when it ran.
        static string Rules(TestHost host) => string.Join('\n', string.Concat(
                Entries.Ok(host.Shell("iptables-save")), Entries.Ok(host.Shell("ip6tables-save")),
                Entries.Ok(host.Shell("nft", "list", "ruleset")))
            .Split('\n').Where(l => !l.StartsWith('#')));
    }

    [Theory]
    [InlineData(1, "-p", "udp", "--reply-src", "10.244.1.7")]
    [InlineData(2, "--reply-src", "10.244.1.0/24")]
    [InlineData(2, "-d", "10.96.0.10", "--reply-dst", "10.0.0.5")]
    [InlineData(1, "--reply-dst", "203.0.113.9")]
    [InlineData(0, "-d", "10.244.1.7")]
    [InlineData(1, "--zone", "7")]
    [InlineData(1, "--zone", "8")]
    [InlineData(1, "--zone", "9")]
    [InlineData(8, "--zone", "0")]
    [InlineData(1, "-p", "udp", "--zone", "7", "--dport", "53")]
    [InlineData(1, "-p", "132")]
    [InlineData(1, "-p", "1")]
    [InlineData(1, "-p", "igmp")]
    [InlineData(1, "-p", "GRE")]
    [InlineData(1, "--reply-src", "2001:db8::/32")]
    [InlineData(1, "-p", "udp", "--sport", "33333")]
    [InlineData(2, "--sport", "1")]
    [InlineData(1, "-p", "udp", "--reply-dport", "33334")]
    [InlineData(3, "-p", "udp", "--reply-sport", "53", "--zone", "0", "-s", "10.0.0.0/8")]
    [InlineData(1, "-p", "icmp", "--icmp-type", "8", "--icmp-code", "0", "--icmp-id", "77")]
    [InlineData(1, "-p", "icmp", "--reply-icmp-type", "0")]
    [InlineData(0, "-p", "icmp", "--icmp-type", "0")]
    [InlineData(0, "-p", "icmp", "--icmp-type", "3")]
    [InlineData(0, "-p", "icmpv6", "--icmp-id", "77")]
    [InlineData(0, "-p", "icmp", "--reply-icmp-id", "78")]
    [InlineData(1, "-p", "gre", "--srckey", "0x1", "--reply-srckey", "2")]
    [InlineData(0, "-p", "gre", "--dstkey", "1")]
    public void Stale_entries_of_a_pod_one_zone_and_any_protocol_can_be_named(int expected, params string[] conditions)
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        string[] entries =
        [
            "-s 10.0.0.5 -d 10.96.0.10 -r 10.244.1.7 -q 10.0.0.5 -p udp --sport 33333 --dport 53 --reply-port-src 53 "
                + "--reply-port-dst 33333",
            "-s 10.0.0.5 -d 10.96.0.10 -r 10.244.1.8 -q 10.0.0.5 -p udp --sport 33334 --dport 53 --reply-port-src 53 "
                + "--reply-port-dst 33334",
            "-s 10.0.0.7 -d 192.0.2.1 -r 192.0.2.1 -q 203.0.113.9 -p udp --sport 5 --dport 53 --reply-port-src 53 --reply-port-dst 5",
            "-s 10.0.0.5 -d 10.0.0.6 -p udp --sport 1 --dport 53 -w 7",
            "-s 10.0.0.5 -d 10.0.0.6 -p udp --sport 1 --dport 53 --orig-zone 8",
            "-s 10.0.0.5 -d 10.0.0.6 -p udp --sport 2 --dport 53 --reply-zone 9",
            "-s 10.0.0.5 -d 10.0.0.6 -p sctp --sport 3868 --dport 3868 --state ESTABLISHED --orig-vtag 1 --reply-vtag 2",
            "-s 10.0.0.5 -d 10.0.0.6 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 77",
            "-s 2001:db8::5 -d 2001:db8::6 -p udp --sport 9 --dport 53",
            "-s 10.0.0.5 -d 10.0.0.6 -p gre --srckey 1 --dstkey 2",
            "-s 10.0.0.5 -d 10.0.0.6 -p 2",
        ];
        foreach (var entry in entries)
        {
            Entries.Ok(host.Shell("conntrack", ["-I", .. entry.Split(' '), "-t", "600"]));
        }

        var listed = host.Look(["flows", .. conditions]).Output.Count(c => c == '\n');
        var report = JsonNode.Parse(Entries.Ok(host.Look(["flush", .. conditions, "--yes", "-o", "json"])))!;
        Assert.Equal((expected, expected, expected, 0), (listed, (int)report["matched"]!, (int)report["deleted"]!, (int)report["failed"]!));
        Assert.Equal(entries.Length - expected, Entries.Number(host));
    }

    [Theory]
    [InlineData(1, "-p", "icmp", "--icmp-id", "44")]
    [InlineData(0, "-p", "udp", "--dport", "54")]
    [InlineData(99, "-p", "udp", "--dport", "53", "--zone", "0", "-s", "0.0.0.0/0")]
    public void Of_how_many_is_always_of_the_whole_table(int matching, params string[] conditions)
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        Entries.Load(host);
        Assert.Equal(
            $"{matching} of {Entries.Count} entries match; dry run, nothing was deleted\n",
            host.Look(["flush", .. conditions, "--dry-run"]).Output);
        Assert.Matches(
            $@"^{matching} of {matching} matching entries deleted, of {Entries.Count} in the table, in \d",
            host.Look(["flush", .. conditions, "--yes"]).Output);
    }

    [Fact]
    public void A_table_of_entries_has_zones_only_where_one_has()
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        string[] entries = ["1 --dport 53", "1 --dport 53 -w 5", "2 --dport 53 --orig-zone 6", "3 --dport 53 --reply-zone 7"];
        foreach (var conditions in entries)
        {
            Entries.Ok(host.Shell(
                "conntrack", $"-I -t 600 -s 10.0.0.5 -d 10.0.0.6 -p udp --sport {conditions}".Split(' ')));
        }

        var lines = host.Look("flows", "-o", "table").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches(@"^PROTOCOL .* TRANSLATED   FLAGS +ZONE$", lines[0]);
        Assert.Equal(
            ["5", "original 6", "reply 7", "unreplied"],
            lines[1..].Select(line => line.Split("   ", StringSplitOptions.RemoveEmptyEntries)[^1].Trim()).Order(StringComparer.Ordinal));
        Assert.DoesNotContain("ZONE", host.Look("flows", "-o", "table", "--zone", "0").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Protocols_are_shown_by_name_where_they_have_one()
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        Entries.Ok(host.Shell("conntrack", "-I", "-s", "10.0.0.5", "-d", "224.0.0.1", "-p", "2", "-t", "600"));
        Entries.Ok(host.Shell("conntrack", "-I", "-s", "10.0.0.5", "-d", "224.0.0.1", "-p", "253", "-t", "600"));
        var protocols = host.Look("flows", "-o", "table").Output.Split('\n')[1..^1].Select(line => line.Split(' ')[0]);
        Assert.Equal(["253", "igmp"], protocols.Order(StringComparer.Ordinal));
        var top = JsonNode.Parse(Entries.Ok(host.Look("top", "-o", "json")))!["states"]!.AsArray().Select(s => (string?)s!["protocol"]);
        Assert.Equal(["253", "igmp"], top.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void It_says_how_long_after_the_reading_of_an_entry_it_was_deleted()
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        Entries.Load(host);

        // A network, which no kernel decides: by a protocol alone it would delete without reading an entry.
        Assert.Matches(
            @"\nfrom the last reading of an entry to deleting it: 99 % within \d+\.\d\d ms, the longest \d+\.\d\d ms\n",
            Entries.Ok(host.Look("flush", "-p", "tcp", "-s", "10.0.0.0/8", "--yes")));
        var report = JsonNode.Parse(Entries.Ok(host.Look("flush", "-p", "udp", "-s", "10.0.0.0/8", "--yes", "-o", "json")))!;
        Assert.InRange((double)report["delayP99Milliseconds"]!, 0.001, (double)report["delayLongestMilliseconds"]!);
        Assert.DoesNotContain("delay", Entries.Ok(host.Look("flush", "--all", "--dry-run", "-o", "json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--zone: Invalid value: \"65536\": must be from 0 to 65535", "--zone", "65536")]
    [InlineData("--zone: Invalid value: \"-1\": must be from 0 to 65535", "--zone=-1")]
    [InlineData("--zone: Invalid value: \"public\": must be from 0 to 65535", "--zone", "public")]
    [InlineData("--protocol: Invalid value: \"256\": must be one of icmp, tcp", "-p", "256")]
    [InlineData("--protocol: Invalid value: \"quic\": must be one of icmp, tcp", "-p", "quic")]
    [InlineData("--reply-src: Invalid value: \"10.244.1.7/16\": must be an address or a network", "--reply-src", "10.244.1.7/16")]
    [InlineData("--reply-src: Invalid value: \"::ffff:10.0.0.6\": must be an address or a network", "--reply-src", "::ffff:10.0.0.6")]
    [InlineData("--reply-dst: Invalid value: \"pod-7\": must be an address or a network", "--reply-dst", "pod-7")]
    [InlineData("--sport: Invalid value: \"0\": must be from 1 to 65535", "--sport", "0")]
    [InlineData("--dport: Invalid value: \"65536\": must be from 1 to 65535", "-p", "tcp", "--dport", "65536")]
    [InlineData("--reply-sport: Invalid value: \"-1\": must be from 1 to 65535", "--reply-sport=-1")]
    [InlineData("--reply-dport: a port needs a protocol with ports", "-p", "icmp", "--reply-dport", "53")]
    [InlineData("--icmp-type: Invalid value: \"256\": must be from 0 to 255", "-p", "icmp", "--icmp-type", "256")]
    [InlineData("--icmp-code: Invalid value: \"-1\": must be from 0 to 255", "-p", "icmp", "--icmp-code=-1")]
    [InlineData("--reply-icmp-id: Invalid value: \"65536\": must be from 0 to 65535", "-p", "icmpv6", "--reply-icmp-id", "65536")]
    [InlineData("--icmp-id: needs --protocol icmp or icmpv6", "--icmp-id", "7")]
    [InlineData("--reply-icmp-type: needs --protocol icmp or icmpv6", "-p", "tcp", "--reply-icmp-type", "0")]
    [InlineData("--srckey: Invalid value: \"0x10000\": must be from 0 to 65535", "-p", "gre", "--srckey", "0x10000")]
    [InlineData("--srckey: Invalid value: \"010\": must be from 0 to 65535", "-p", "gre", "--srckey", "010")]
    [InlineData("--reply-dstkey: Invalid value: \"call\": must be from 0 to 65535", "-p", "gre", "--reply-dstkey", "call")]
    [InlineData("--dstkey: needs --protocol gre", "-p", "udp", "--dstkey", "7")]
    [InlineData("--state: Invalid value: \"CLOSE\": igmp has no states", "-p", "2", "--state", "close")]
    [InlineData("--dport: Invalid value: \"5432-5440\": must be from 1 to 65535", "-p", "tcp", "--dport", "5432-5440")]
    [InlineData("--reply-sport: Invalid value: \"http\": must be from 1 to 65535", "-p", "tcp", "--reply-sport", "http")]
    [InlineData("--icmp-type: Invalid value: \"echo\": must be from 0 to 255", "-p", "icmp", "--icmp-type", "echo")]
    [InlineData("--icmp-id: Invalid value: \"abc\": must be from 0 to 65535", "-p", "icmp", "--icmp-id", "abc")]
    [InlineData("--icmp-id: Invalid value: \"99999999999\": must be from 0 to 65535", "-p", "icmp", "--icmp-id", "99999999999")]
    [InlineData("--unreplied: Invalid value: \"maybe\": must be true or false", "--unreplied=maybe")]
    [InlineData("--unreplied: Invalid value: \"\": must not be empty", "--unreplied=")]
    [InlineData("--zone: Invalid value: \"\": must not be empty", "-p", "tcp", "--zone=")]
    [InlineData(
        "--source 10.1.0.5 and --destination fd00::1: are of two IP versions, and no entry has both", "-s", "10.1.0.5", "-d", "fd00::1")]
    [InlineData(
        "--destination 10.0.0.0/8 and --reply-dst fd00::/8: are of two IP versions, and no entry has both", "-d", "10.0.0.0/8",
        "--reply-dst", "fd00::/8")]
    public void A_bad_condition_is_refused_with_the_option_the_value_and_what_is_allowed(string expected, params string[] conditions)
    {
        foreach (var command in (string[])["flush", "flows"])
        {
            var result = CliProcess.Run(["host", command, .. conditions]);
            Assert.Equal(2, result.ExitCode);
            Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_version_asked_for_and_an_address_of_the_other_are_refused()
    {
        var result = CliProcess.Run("host", "flows", "--family", "ipv4", "-s", "fd00::1");
        Assert.Equal(
            (2, "error: --family ipv4 and --source fd00::1: are of two IP versions, and no entry has both\n"),
            (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData("say which entries")]
    [InlineData("say which entries", "--dry-run")]
    [InlineData("--all goes with no other condition", "--all", "--protocol", "tcp")]
    public void Everything_is_deleted_only_by_someone_who_says_so(string expected, params string[] arguments)
    {
        var result = CliProcess.Run(["host", "flush", "--yes", .. arguments]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("n", Entries.Count)]
    [InlineData("y", 0)]
    public void On_a_terminal_it_asks_first(string answer, int left)
    {
        NetworkNamespace.Require("conntrack", "script");
        using var host = new TestHost();
        Entries.Load(host);
        var result = host.ShellWith(answer + "\n", "script", "-qec", $"{CliProcess.Program} host flush --all", "/dev/null");
        Assert.Contains($"delete {Entries.Count} of {Entries.Count} entries? [y/N]", result.Output, StringComparison.Ordinal);
        Assert.Equal(left, Entries.Number(host));
    }

    [Theory]
    [InlineData("input", "n\n", "PROGRAM host flush --protocol 50 --state-dir STATE")]
    [InlineData("input", "y\n", "PROGRAM host flush --all -o json --state-dir STATE")]
    [InlineData(
        "error", "y\n", "script -qec 'PROGRAM host flush --all --state-dir STATE 2>ERROR' /dev/null; e=$?; cat ERROR >&2; exit $e")]
    public void Where_it_can_not_ask_it_deletes_nothing_without_yes(string stream, string input, string command)
    {
        NetworkNamespace.Require("conntrack", "script");
        using var host = new TestHost();
        Entries.Load(host);
        Entries.Ok(host.Shell("conntrack", "-I", "-s", "10.1.0.1", "-d", "192.0.2.5", "-p", "50", "-t", "600"));
        var line = command.Replace("PROGRAM", CliProcess.Program, StringComparison.Ordinal)
            .Replace("STATE", host.State, StringComparison.Ordinal)
            .Replace("ERROR", Path.Combine(host.Root, "error"), StringComparison.Ordinal);
        var result = host.ShellWith(input, "sh", "-c", line);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(
            $"error: --yes: is needed, since standard {stream} is not a terminal and nobody can be asked; nothing was deleted",
            result.Error, StringComparison.Ordinal);
        Assert.Equal(Entries.Count + 1, Entries.Number(host));
    }

    [Fact]
    public void Top_and_advise_say_what_fills_the_table()
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        Entries.Load(host);
        var top = Entries.Ok(host.Look("top", "--full"));
        Assert.Contains($": {Entries.Count} of ", top, StringComparison.Ordinal);
        Assert.Contains($"all {Entries.Count} entries were looked at", top, StringComparison.Ordinal);
        Assert.Matches(@"\nPROTOCOL +STATE +SHARE% +ENTRIES +IDLE P50 +IDLE P90 +TIMEOUT\n", top);
        Assert.Matches(@"\nTOP DESTINATION +SHARE%\n192\.0\.2\.5:443/tcp +\d", top);
        Assert.Matches(@"\nTOP PORT +SHARE%\n443/tcp +\d", top);
        Assert.Contains("\nadvice: ", top, StringComparison.Ordinal);
        var report = JsonNode.Parse(Entries.Ok(host.Look("top", "-o", "json")))!;
        Assert.Equal((Entries.Count, Entries.Count), ((int)report["entries"]!, report["states"]!.AsArray().Sum(s => (int)s!["entries"]!)));
        var advice = JsonNode.Parse(Entries.Ok(host.Look("advise", "-o", "json")))!;
        Assert.Equal((Entries.Count, true), ((int)advice["table"]!["looked"]!, (bool)advice["table"]!["complete"]!));

        // Other namespaces of the machine may be full at the time.
        Assert.DoesNotContain(advice["findings"]!.AsArray(), finding => (string)finding!["cause"]! != "OtherNamespaceFull");
    }
}
