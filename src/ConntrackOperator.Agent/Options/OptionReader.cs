using ConntrackOperator.Engine;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Health;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.Planning.Formatting;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Agent.Options;

/// <summary>
/// Reads the agent's options: <c>--name value</c> or <c>--name=value</c>, else the environment variable of the same name.
/// </summary>
internal sealed class OptionReader
{
    /// <summary>Every option, with what <c>--help</c> says of it.</summary>
    private static readonly (string Name, string Variable, string Help)[] _known =
    [
        ("node-name", "NODE_NAME", "the node's name (required)"),
        ("server", "CONNTRACK_SERVER", "the API server's URL; left out: as the pod's service account says"),
        ("token-file", "CONNTRACK_TOKEN_FILE", "file with the bearer token for --server"),
        ("ca-file", "CONNTRACK_CA_FILE", "file with the certificate authority for --server"),
        ("sysctl-dir", "CONNTRACK_SYSCTL_DIR", $"directory of the settings (default {SysctlDirectory.DefaultPath})"),
        ("proc-dir", "CONNTRACK_PROC_DIR", "where /proc is (default /proc)"),
        ("host-root", "CONNTRACK_HOST_ROOT", "where the host's root is, to find who overwrites a setting (default /)"),
        ("state-dir", "CONNTRACK_STATE_DIR", $"where originals and the last plan are kept (default {StateDirectory.DefaultPath})"),
        ("listen", "CONNTRACK_LISTEN", "address:port of /healthz, /readyz and /metrics, or none (default 127.0.0.1:9808)"),
        ("interval", "CONNTRACK_INTERVAL", "how often the kernel is compared with the plan, 1s to 1m (default 2s)"),
        ("heartbeat-min", "CONNTRACK_HEARTBEAT_MIN", "shortest time between reports with nothing new (default 5m)"),
        ("heartbeat-max", "CONNTRACK_HEARTBEAT_MAX", "longest time between reports with nothing new (default 10m)"),
        ("usage-report-gap", "CONNTRACK_USAGE_REPORT_GAP", "least time between reports of usage alone (default 30s)"),
        ("scan-interval", "CONNTRACK_SCAN_INTERVAL", "least time between looks into what fills the table, or none (default 1m)"),
        ("start-jitter", "CONNTRACK_START_JITTER", "longest random wait before the API server is asked first, or 0s (default 5s)"),
        ("log-level", "CONNTRACK_LOG_LEVEL", "what is logged: debug, info or warning (default info)"),
    ];

    private readonly Dictionary<string, string> _given = new(StringComparer.Ordinal);

    private OptionReader(string[] arguments, Func<string, string?> environment)
    {
        foreach (var (name, variable, _) in _known)
        {
            if (environment(variable) is { Length: > 0 } value)
            {
                _given[name] = value;
            }
        }

        for (var i = 0; i < arguments.Length; i++)
        {
            var argument = arguments[i];
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? argument : argument[..equals];
            if (!name.StartsWith("--", StringComparison.Ordinal) || !_known.Any(k => k.Name == name[2..]))
            {
                throw new OptionException($"{name}: no such option; --help lists them");
            }

            _given[name[2..]] = equals >= 0 ? argument[(equals + 1)..]
                : i + 1 < arguments.Length ? arguments[++i]
                : throw new OptionException($"{name}: a value must follow");
        }
    }

    /// <summary>What <c>--help</c> prints.</summary>
    public static string Help { get; } =
        "conntrack-agent: keeps a node's connection tracking as its ConntrackNode says\n\n"
        + string.Concat(_known.Select(k => $"  --{k.Name,-18}{k.Help} [{k.Variable}]\n"));

    /// <summary>Reads everything.</summary>
    /// <exception cref="OptionException">An option is missing or not valid.</exception>
    public static AgentOptions Read(string[] arguments, Func<string, string?> environment)
    {
        var reader = new OptionReader(arguments, environment);
        var defaults = new AgentOptions { NodeName = string.Empty };
        var heartbeat = reader.Duration("heartbeat-min", defaults.HeartbeatMin, 1, 3600);
        return new AgentOptions
        {
            NodeName = reader.Text("node-name")
                ?? throw new OptionException("--node-name: must be given (or NODE_NAME set, as by fieldRef spec.nodeName)"),
            Server = reader.Server(),
            Engine = new EngineOptions
            {
                NodeName = reader.Text("node-name"),
                SysctlPath = reader.Text("sysctl-dir") ?? SysctlDirectory.DefaultPath,
                ProcPath = reader.Text("proc-dir") ?? "/proc",
                HostRoot = reader.Text("host-root") ?? "/",
                StatePath = reader.Text("state-dir") ?? StateDirectory.DefaultPath,
                ScanInterval = reader.Text("scan-interval") is "none"
                    ? null : reader.Duration("scan-interval", TimeSpan.FromMinutes(1), 1, 86400),
            },
            Listen = Address(reader.Text("listen") ?? "127.0.0.1:9808"),
            Interval = reader.Duration("interval", defaults.Interval, 1, 60),
            HeartbeatMin = heartbeat,
            HeartbeatMax = reader.Duration(
                "heartbeat-max", heartbeat > defaults.HeartbeatMax ? heartbeat : defaults.HeartbeatMax, (long)heartbeat.TotalSeconds, 7200),
            UsageReportGap = reader.Duration("usage-report-gap", defaults.UsageReportGap, 0, 3600),
            StartJitter = reader.Duration("start-jitter", defaults.StartJitter, 0, 600),
            LogLevel = reader.Text("log-level") switch
            {
                null or "info" => LogLevel.Information,
                "debug" => LogLevel.Debug,
                "warning" => LogLevel.Warning,
                var other => throw new OptionException($"--log-level: '{other}' must be debug, info or warning"),
            },
        };
    }

    private string? Text(string name) => _given.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    private static string? Address(string text) =>
        text == "none" ? null
        : HealthEndpoint.IsAddress(text) ? text
        : throw new OptionException($"--listen: '{text}' must be address:port, such as 127.0.0.1:9808, [::1]:9808 or *:9808, or none");

    private ServerConnection? Server()
    {
        if (Text("server") is not { } server)
        {
            return null;
        }

        if (!Uri.TryCreate(server, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new OptionException($"--server: '{server}' must be a URL, such as https://10.0.0.1:6443");
        }

        return new ServerConnection { Server = uri, TokenFile = Text("token-file"), CertificateAuthorityFile = Text("ca-file") };
    }

    private TimeSpan Duration(string name, TimeSpan otherwise, long least, long most)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (text == "0s" && least == 0)
        {
            return TimeSpan.Zero;
        }

        return KubeDuration.TryParse(text, out var seconds, out _) && seconds >= least && seconds <= most
            ? TimeSpan.FromSeconds(seconds)
            : throw new OptionException(
                $"--{name}: '{text}' must be a duration from {KubeDuration.Format(least)} to {KubeDuration.Format(most)}, such as 30s or "
                    + "5m");
    }
}
