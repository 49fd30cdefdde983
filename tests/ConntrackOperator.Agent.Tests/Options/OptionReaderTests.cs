using ConntrackOperator.Agent.Options;
using ConntrackOperator.Kubernetes.Logging;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Agent.Tests.Options;

public sealed class OptionReaderTests
{
    [Fact]
    public void Node_name_alone_gives_the_defaults()
    {
        var options = Read("--node-name", "n1");
        Assert.Equal("n1", options.NodeName);
        Assert.Null(options.Server);
        Assert.Equal("127.0.0.1:9808", options.Listen);
        Assert.Equal(
            (TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5),
            LogLevel.Information),
            (options.Interval, options.HeartbeatMin, options.HeartbeatMax, options.UsageReportGap, options.StartJitter, options.LogLevel));
        Assert.Equal(
            ("/proc/sys/net/netfilter", "/proc", "/", "/var/lib/conntrack-operator"),
            (options.Engine.SysctlPath, options.Engine.ProcPath, options.Engine.HostRoot, options.Engine.StatePath));
    }

    [Fact]
    public void Everything_can_be_said_in_either_form()
    {
        var options = Read(
            "--node-name=n=1", "--server", "https://10.0.0.1:6443", "--token-file=/t", "--ca-file", "/c", "--sysctl-dir=/s",
            "--proc-dir=/p", "--host-root=/h",
            "--state-dir=/d", "--listen=none", "--interval=5s", "--heartbeat-min", "1m", "--heartbeat-max=2m", "--usage-report-gap=0s",
            "--start-jitter=0s", "--log-level=debug");
        Assert.Equal(
            ("n=1", "https://10.0.0.1:6443/", "/t", "/c"),
            (options.NodeName, options.Server!.Server.ToString(), options.Server.TokenFile, options.Server.CertificateAuthorityFile));
        Assert.Equal(
            ("/s", "/p", "/h", "/d"),
            (options.Engine.SysctlPath, options.Engine.ProcPath, options.Engine.HostRoot, options.Engine.StatePath));
        Assert.Null(options.Listen);
        Assert.Equal(
            (TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2), TimeSpan.Zero, TimeSpan.Zero, LogLevel.Debug),
            (options.Interval, options.HeartbeatMin, options.HeartbeatMax, options.UsageReportGap, options.StartJitter, options.LogLevel));
    }

    [Fact]
    public void Environment_counts_where_no_argument_is_given()
    {
        string? Environment(string name) =>
            name switch { "NODE_NAME" => "from-field-ref", "CONNTRACK_INTERVAL" => "7s", "CONNTRACK_LOG_LEVEL" => "", _ => null };
        var options = OptionReader.Read(["--interval", "3s"], Environment);
        Assert.Equal(
            ("from-field-ref", TimeSpan.FromSeconds(3), LogLevel.Information), (options.NodeName, options.Interval, options.LogLevel));
        Assert.Equal(TimeSpan.FromSeconds(7), OptionReader.Read([], Environment).Interval);
    }

    [Fact]
    public void Longest_heartbeat_is_never_shorter_than_the_shortest() =>
        Assert.Equal(TimeSpan.FromHours(1), Read("--node-name=n", "--heartbeat-min=1h").HeartbeatMax);

    [Theory]
    [InlineData("", "--node-name: must be given")]
    [InlineData("--node-name=", "--node-name: must be given")]
    [InlineData("--node-name", "--node-name: a value must follow")]
    [InlineData("--nodename=n", "--nodename: no such option")]
    [InlineData("-v", "-v: no such option")]
    [InlineData("stray", "stray: no such option")]
    [InlineData("--node-name=n --interval=0s", "--interval: '0s' must be a duration from 1s to 1m")]
    [InlineData("--node-name=n --interval=2", "--interval: '2' must be a duration")]
    [InlineData("--node-name=n --interval=2m", "--interval: '2m' must be a duration")]
    [InlineData("--node-name=n --heartbeat-min=10m --heartbeat-max=5m", "--heartbeat-max: '5m' must be a duration from 10m to 2h")]
    [InlineData("--node-name=n --log-level=loud", "--log-level: 'loud' must be debug, info or warning")]
    [InlineData("--node-name=n --listen=localhost:9808", "--listen: 'localhost:9808' must be address:port")]
    [InlineData("--node-name=n --server=10.0.0.1", "--server: '10.0.0.1' must be a URL")]
    [InlineData("--node-name=n --server=ftp://x", "--server: 'ftp://x' must be a URL")]
    [InlineData("--node-name=n --listen=9808", "--listen: '9808' must be address:port")]
    [InlineData("--node-name=n --listen=127.0.0.1:99999", "--listen: '127.0.0.1:99999' must be address:port")]
    [InlineData("--node-name=n --listen=a/b:80", "--listen: 'a/b:80' must be address:port")]
    public void Mistake_is_told_with_the_option_and_what_is_allowed(string arguments, string message) =>
        Assert.Contains(
            message, Assert.Throws<OptionException>(() => Read(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Help_names_every_option_and_its_variable()
    {
        Assert.Contains("--node-name", OptionReader.Help, StringComparison.Ordinal);
        Assert.Contains("[CONNTRACK_STATE_DIR]", OptionReader.Help, StringComparison.Ordinal);
        Assert.All(
            OptionReader.Help.Split('\n').Skip(2).Where(l => l.Length > 0),
            line => Assert.Matches(@"^  --[a-z-]+ +\S.* \[[A-Z_]+\]$", line));
    }

    private static AgentOptions Read(params string[] arguments) => OptionReader.Read(arguments, _ => null);
}
