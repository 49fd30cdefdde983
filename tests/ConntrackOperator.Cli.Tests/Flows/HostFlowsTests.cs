using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ConntrackOperator.Cli.Tests.Host;
using ConntrackOperator.TestKit.Kernel;
using YamlDotNet.RepresentationModel;

namespace ConntrackOperator.Cli.Tests.Flows;

public sealed partial class HostFlowsTests
{
    [Fact]
    public void Lines_are_those_of_the_conntrack_tool_entry_for_entry()
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        Entries.Load(host);
        foreach (var (own, tool) in ((string[], string[])[])
        [
            ([], []),
            (["--protocol", "tcp", "--state", "TIME_WAIT"], ["-p", "tcp", "--state", "TIME_WAIT"]),
            (["--family", "ipv6"], ["-f", "ipv6"]),
            (["--mark", "0x1"], ["-m", "1"]),
            (["--zone", "7"], ["-w", "7"]),
            (["--source", "10.0.1.0/24"], ["-s", "10.0.1.0/24"]),
            (["--protocol", "udp", "--dport", "53"], ["-p", "udp", "--dport", "53"]),
        ])
        {
            var expected = Stable(Entries.Ok(host.Shell("conntrack", ["-L", "-o", "extended,id,timestamp", .. tool])));
            Assert.NotEmpty(expected);
            Assert.Equal(expected, Stable(Entries.Ok(host.Look(["flows", .. own]))));
        }
    }

    [Fact]
    public void Proc_lines_are_those_of_the_kernel()
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        Entries.Load(host);
        var expected = Stable(
            Entries.Ok(host.Shell("cat", "/proc/net/nf_conntrack")).Replace("timeout=0, stream_timeout=0 ", "", StringComparison.Ordinal));
        Assert.Equal(expected, Stable(Entries.Ok(host.Look("flows", "-o", "proc", "--source-of", "proc"))));
    }

    [Fact]
    public void Json_lines_json_yaml_and_the_table_hold_the_same_entries()
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        Entries.Load(host);
        var ids = Regex.Matches(Entries.Ok(host.Shell("conntrack", "-L", "-o", "id")), @" id=(\d+)$", RegexOptions.Multiline)
            .Select(m => m.Groups[1].Value).Order().ToList();
        var lines = Entries.Ok(host.Look("flows", "-o", "jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(ids, lines.Select(l => JsonNode.Parse(l)!["id"]!.ToString()).Order());
        Assert.Equal(
            ids, JsonNode.Parse(Entries.Ok(host.Look("flows", "-o", "json")))!.AsArray().Select(f => f!["id"]!.ToString()).Order());
        var yaml = new YamlStream();
        yaml.Load(new StringReader(Entries.Ok(host.Look("flows", "-o", "yaml"))));
        Assert.Equal(ids, ((YamlSequenceNode)yaml.Documents.Single().RootNode).Select(f => f["id"].ToString()).Order());
        var table = Entries.Ok(host.Look("flows", "-o", "table")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Entries.Count + 1, table.Length);
        Assert.Contains(
            table, l => Regex.IsMatch(l, @"^tcp +ESTABLISHED +10\.1\.0\.1:10 +192\.0\.2\.5:80 +\d+ +\S+ +to 10\.9\.9\.9:8080$"));
    }

    [Fact]
    public void A_limit_ends_it_and_an_empty_table_is_an_empty_list()
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        Assert.Equal(
            ("[]\n", "[]\n", ""),
            (host.Look("flows", "-o", "json").Output, host.Look("flows", "-o", "yaml").Output, host.Look("flows").Output));
        Entries.Load(host);
        Assert.Equal(5, host.Look("flows", "--limit", "5").Output.Count(c => c == '\n'));
    }

    [Theory]
    [InlineData("line")]
    [InlineData("json")]
    [InlineData("yaml")]
    [InlineData("table")]
    public void A_reader_that_leaves_ends_it_without_an_error(string format)
    {
        NetworkNamespace.Require("conntrack");
        using var host = new TestHost();
        Entries.Load(host);

        // The pipe's other end is gone when the first entry is written.
        var result = host.Shell("bash", "-c", $"\"$0\" host flows -o {format} | true; echo ${{PIPESTATUS[0]}}", CliProcess.Program);
        Assert.Equal(("0\n", ""), (result.Output, result.Error));
    }

    [Theory]
    [InlineData("--protocol", "tpc", "--protocol: Invalid value: \"tpc\"")]
    [InlineData("--state", "OPENED", "--state: Invalid value: \"OPENED\": must be one of NONE, SYN_SENT")]
    [InlineData("--source", "10.0.0.0/33", "--source: Invalid value")]
    [InlineData(
        "--destination", "10.0.0.1/8", "--destination: Invalid value: \"10.0.0.1/8\": must be an address or a network such as 10.0.0.0/8")]
    [InlineData("--dport", "70000", "--dport: Invalid value")]
    [InlineData("--idle-for", "5x", "--idle-for: Invalid value")]
    [InlineData("--mark", "x", "--mark: Invalid value")]
    [InlineData("--limit", "0", "--limit: Invalid value: \"0\": must be a whole number of at least 1")]
    public void A_bad_value_is_exit_code_2_and_says_what_is_allowed(string option, string value, string expected)
    {
        var result = CliProcess.Run("host", "flows", option, value);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
    }

    // Seconds left go on counting between two readings.
    private static List<string> Stable(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => Seconds().Replace(l.TrimEnd(), "$1 N "))
            .Order(StringComparer.Ordinal)];

    [GeneratedRegex(@"^(ipv[46] +\d+ \S+ +\d+) \d+ ")]
    private static partial Regex Seconds();
}
