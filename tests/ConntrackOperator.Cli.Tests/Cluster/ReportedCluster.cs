using System.Text;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Cli.Tests.Cluster;

/// <summary>
/// A real API server with three Linux nodes and one that runs Windows, a policy and what its controller and agents would say:
/// node-1 is in sync, node-2 can't set its size, node-3 has not reported.
/// </summary>
public sealed class ReportedCluster : IAsyncLifetime
{
    private const string Api = "/apis/conntrack.dev/v1alpha1/";
    private readonly RealCluster _real = new();
    private HttpClient? _http;

    /// <summary>The way to the server; skips the test when there is none.</summary>
    internal string Kubeconfig => _real.Require().KubeconfigPath;

    public async ValueTask InitializeAsync()
    {
        await _real.InitializeAsync();
        if (_real.Server is null)
        {
            return;
        }

        _http = _real.Server.CreateHttpClient();
        await PolicyAsync();
        foreach (var name in (string[])["node-1", "node-2", "node-3"])
        {
            await NodeAsync(name, "linux", name == "node-3" ? "batch" : "edge");
        }

        await NodeAsync("win-1", "windows", "edge");
        await ReportAsync(
            "node-1", "InSync", "True", 1048576,
            """{"name": "nf_conntrack_max", "desired": 1048576, "actual": 1048576, "original": 262144, "policy": "edge", "state": "InSync"}""");
        await ReportAsync(
            "node-2", "ReadOnly", "False", 262144,
            """{"name": "nf_conntrack_max", "desired": 1048576, "actual": 262144, "policy": "edge", "state": "ReadOnly", "message": "it is read-only here: run the agent with hostNetwork"}""");
        await SendAsync(HttpMethod.Post, Api + "conntracknodes", Plan("node-3"));
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        await _real.DisposeAsync();
    }

    /// <summary>Runs the program against this cluster.</summary>
    internal CliResult Run(string? input, params string[] arguments) =>
        CliProcess.RunWith(input, new Dictionary<string, string> { ["KUBECONFIG"] = Kubeconfig }, CliProcess.Program, arguments);

    /// <summary>Does what the controller does: settles the flush that is there.</summary>
    /// <param name="phase">The phase, or the whole patch.</param>
    internal async Task FinishFlushAsync(string phase, CancellationToken cancel)
    {
        while (true)
        {
            var flushes = System.Text.Json.Nodes.JsonNode.Parse(
                await _http!.GetStringAsync(new Uri(Api + "conntrackflushes", UriKind.Relative), cancel))!["items"]!.AsArray();
            if (flushes.FirstOrDefault(f => f!["status"] is null) is { } flush)
            {
                await SendAsync(
                    HttpMethod.Patch, Api + $"conntrackflushes/{flush["metadata"]!["name"]}/status", phase.StartsWith('{') ? phase : $$"""
                    {"status": {"phase": "{{phase}}", "nodes": {"selected": 2, "done": 1, "failed": 1}, "matched": 12, "deleted": 11,
                      "failures": [{"name": "node-2", "reason": "TimedOut", "message": "the agent has not done it"}]} }
                    """);
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancel);
        }
    }

    private static string Plan(string name) => $$"""
        {"apiVersion": "conntrack.dev/v1alpha1", "kind": "ConntrackNode", "metadata": {"name": "{{name}}"}, "spec": {"settings": [
          {"name": "nf_conntrack_max", "value": 1048576, "policy": "edge", "field": "table.size", "mode": "Enforce", "onRemoval": "Restore"}]} }
        """;

    private const string Findings = """
        "notLooked": [{"what": "the tables of pods", "look": "kubectl conntrack host advise    # on node-2"}],
        "findings": [
          {"cause": "IdleConnections", "severity": "Critical", "confidence": "Likely", "text": "connections without a packet for 12h are 76% of entries",
           "seen": ["181,299 of 238,552 entries (76%) are ESTABLISHED without a packet for 12h"], "because": "no packet in hours",
           "ruledOut": [{"cause": "LeakingClient", "why": "many clients"}, {"cause": "OfALaterVersion", "why": "?"}],
           "who": [{"role": "Source", "address": "10.42.0.7", "percent": 40, "entries": 95420}],
           "entries": {"least": 181299, "most": 181299}, "frees": {"least": 181299, "most": 181299}, "fullAgainSeconds": 7200,
           "enough": {"perSecond": 10, "seconds": 7440, "has": 100000}, "sufficient": true, "field": "timeouts.tcp.established", "value": "2h4m",
           "now": [{"what": "Delete them first", "run": ["kubectl conntrack flush --node node-2 --protocol tcp --state ESTABLISHED --idle-for 12h --yes"]},
                   {"what": "Then hold those to come", "run": ["kubectl apply -f - <<'EOF'", "apiVersion: conntrack.dev/v1alpha1", "kind: ConntrackPolicy", "EOF"]}],
           "forGood": [{"what": "End them at the pool"}], "mayBreak": ["translated connections"], "notKnown": [{"what": "whether a rule drops INVALID", "look": "nft list ruleset"}]},
          {"cause": "OfALaterVersion", "text": "?"}],
        """;

    private async Task PolicyAsync()
    {
        await SendAsync(HttpMethod.Post, Api + "conntrackpolicies", """
            {"apiVersion": "conntrack.dev/v1alpha1", "kind": "ConntrackPolicy", "metadata": {"name": "edge"},
             "spec": {"table": {"size": {"entries": 1048576}, "buckets": 1048576}}}
            """);
        await SendAsync(HttpMethod.Patch, Api + "conntrackpolicies/edge/status", """
            {"status": {"observedGeneration": 1, "hottest": "node-2 91%", "usage": {"tableFullDropsPerMinute": 7, "racesLostPerMinute": 24},
              "nodes": {"selected": 3, "ready": 1, "updating": 0, "waiting": 0, "drifted": 0, "failed": 1, "unreachable": 1},
              "conditions": [{"type": "Ready", "status": "False", "reason": "NodesFailed", "message": "1 of 3 nodes can not be set", "lastTransitionTime": "2026-01-31T12:00:00Z"}]}}
            """);
    }

    private async Task NodeAsync(string name, string system, string pool)
    {
        await SendAsync(
            HttpMethod.Post, "/api/v1/nodes",
            $$$"""{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "{{{name}}}", "labels": {"kubernetes.io/os": "{{{system}}}", "pool": "{{{pool}}}"} } }""");
        await SendAsync(
            HttpMethod.Patch, $"/api/v1/nodes/{name}/status", """{"status": {"capacity": {"cpu": "4", "memory": "16393264Ki"}}}""");
    }

    private async Task ReportAsync(string name, string reason, string applied, long limit, string setting)
    {
        await SendAsync(HttpMethod.Post, Api + "conntracknodes", Plan(name));
        var entries = name == "node-2" ? 238552 : 1000;
        await SendAsync(HttpMethod.Patch, Api + $"conntracknodes/{name}/status", $$"""
            {"status": {"observedGeneration": 1, "settings": [{{setting}}],
              "table": {"entries": {{entries}}, "limit": {{limit}}, "buckets": 262144, "percent": {{entries * 100 / limit}}, "memoryBytes": 85983232},
              {{(name == "node-2" ? Findings : "")}}
              "advice": "{{name}}: timeouts.tcp.established 2h would free about 612,000",
              "composition": {"sampled": 50000, "errorBoundPercent": 0.7, "unrepliedPercent": 5, "assuredPercent": 90, "states": [{"protocol": "tcp", "state": "ESTABLISHED", "percent": 76, "idleP50": "2h", "idleP90": "9h"}]},
              "top": {"sources": [{"address": "10.42.0.7", "percent": 40}], "destinations": [{"address": "10.96.0.10", "port": 53, "protocol": "udp", "percent": 12}]},
              "rates": {"tableFullDropsPerMinute": {{(name == "node-2" ? 7 : 0)}}, "racesLostPerMinute": 12, "earlyDropsPerMinute": 0, "invalidPerMinute": 4, "overSeconds": 60},
              "conditions": [
                {"type": "Applied", "status": "{{applied}}", "reason": "{{reason}}", "message": "as told", "lastTransitionTime": "2026-01-31T12:00:00Z"},
                {"type": "Pressure", "status": "{{(name == "node-2" ? "True" : "False")}}", "reason": "{{(name == "node-2" ? "Critical" : "Normal")}}", "message": "m", "lastTransitionTime": "2026-01-31T12:00:00Z"}]} }
            """);
    }

    private async Task SendAsync(HttpMethod method, string path, string body)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent(
                body,
                Encoding.UTF8,
                method == HttpMethod.Patch
                    ? "application/merge-patch+json" : body.StartsWith('{') ? "application/json" : "application/yaml"),
        };
        using var answer = await _http!.SendAsync(request);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {await answer.Content.ReadAsStringAsync()}");
    }
}
