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

        var report = JsonNode.Parse(Entries.Ok(host.Look("flush", "--protocol", "tcp", "--state", "TIME_WAIT", "-o", "json")))!;
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
        Entries.Ok(host.ShellWith("table inet own { set s { type ipv4_addr; elements = { 10.0.0.1 } }; chain c { type filter hook input priority 5; ip saddr @s counter accept; }; }\n", "nft", "-f", "-"));
        Entries.Load(host);
        var before = Rules(host);
        Assert.Contains("--dport 99", before, StringComparison.Ordinal);

        Assert.Equal(0, host.Look("flush", "--all", "--yes").ExitCode);
        Assert.Equal(0, Entries.Number(host));
        Assert.Equal(before, Rules(host));

        // Each program says when it ran.
        static string Rules(TestHost host) => string.Join('\n', string.Concat(
                Entries.Ok(host.Shell("iptables-save")), Entries.Ok(host.Shell("ip6tables-save")), Entries.Ok(host.Shell("nft", "list", "ruleset")))
            .Split('\n').Where(l => !l.StartsWith('#')));
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
        Assert.NotNull(JsonNode.Parse(Entries.Ok(host.Look("advise", "-o", "json")))!["advice"]);
    }
}
