using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Benchmarks.Fleet;

/// <summary>
/// The controller's memory with a cluster of many nodes: the real program in a memory cgroup, a real API server over etcd, and
/// simulated agents. Every field of a policy is set on every node.
/// </summary>
internal static class FleetCommand
{
    private const string Policies = "/apis/conntrack.dev/v1alpha1/conntrackpolicies";
    private const long Mebi = 1024 * 1024;

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan _settled = TimeSpan.FromSeconds(20);

    internal static async Task<int> RunAsync(string[] arguments)
    {
        var nodes = Arguments.Number(arguments, "--nodes", 5000);
        var memory = Arguments.Number(arguments, "--memory", 256);
        if (TestApiServer.Unavailable is { } reason)
        {
            Console.Error.WriteLine(reason);
            return 2;
        }

        var controller = Path.Combine(Repository.Root, "artifacts", "fleet", "conntrack-controller");
        if (!await PublishAsync(Path.GetDirectoryName(controller)!))
        {
            return 1;
        }

        var cluster = new RealCluster();
        var log = Path.Combine(Path.GetTempPath(), $"conntrack-fleet-{Environment.ProcessId}.log");
        await cluster.InitializeAsync();
        try
        {
            using var http = cluster.Server!.CreateHttpClient();
            await CreateNodesAsync(http, nodes);
            await using var fleet = new AgentFleet(cluster.Server.CreateClient());
            var policy = (await File.ReadAllTextAsync(Path.Combine(Repository.Root, "config", "samples", "everything.yaml")))
                .Replace("mode: Observe ", "mode: Enforce ", StringComparison.Ordinal);
            Console.WriteLine($"{nodes} nodes, config/samples/everything.yaml with mode Enforce, limit {memory} MiB");
            Console.WriteLine("| | time | starts | peak charged | anonymous at the end |");
            Console.WriteLine("|---|---|---|---|---|");
            var isGood = await RunAsync("first plan and reports of all", fresh: true)
                && await RunAsync("cold start with all there, then an edit of all", fresh: false);
            Console.WriteLine($"{fleet.Reports} reports; an object has {fleet.ObjectBytes} bytes of JSON");
            return isGood ? 0 : 1;

            async Task<bool> RunAsync(string what, bool fresh)
            {
                using var group = MemoryCgroup.Create(memory * Mebi);
                var starts = 0;
                Process Begin()
                {
                    starts++;
                    return group.Start(
                        log, controller, "--kubeconfig", cluster.Server.KubeconfigPath, "--namespace", "conntrack-system", "--listen",
                        "none");
                }

                // Where API server and agents have two cores together, a renewal of the lease may come too late: then a kubelet starts it
                // again.
                bool MayGoOn(Process ended) =>
                    ended.ExitCode == 1 && starts < 5 && group.Killed == 0
                        && !File.ReadAllText(log).Contains("OutOfMemory", StringComparison.Ordinal);

                var process = Begin();
                var watch = Stopwatch.StartNew();
                try
                {
                    if (fresh)
                    {
                        await SendAsync(http, HttpMethod.Post, Policies, "application/yaml", policy);
                    }
                    else
                    {
                        // It has to know all before it can say that all are ready for the next generation.
                        await SendAsync(
                            http, HttpMethod.Patch, Policies + "/everything", "application/merge-patch+json",
                            """{"spec":{"timeouts":{"tcp":{"timeWait":"77s"}}}}""");
                    }

                    var ready = await UntilReadyAsync(http, nodes, process, watch);
                    while (!ready && process.HasExited && MayGoOn(process))
                    {
                        process.Dispose();
                        process = Begin();
                        ready = await UntilReadyAsync(http, nodes, process, watch);
                    }

                    var elapsed = watch.Elapsed;
                    if (ready)
                    {
                        await Task.Delay(_settled);
                    }

                    Console.WriteLine(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"| {what} | {elapsed.TotalSeconds:0} s | {starts} | {group.Peak / (double)Mebi:0.0} MiB | "
                                + $"{group.Anonymous / (double)Mebi:0.0} MiB |"));
                    if (ready && !process.HasExited)
                    {
                        return true;
                    }

                    Console.WriteLine(
                        group.Killed > 0
                            ? "the kernel killed it for want of memory"
                            : process.HasExited
                            ? $"it ended with {process.ExitCode}; see {log}"
                            : $"not ready after {_patience.TotalMinutes} minutes; see {log}");
                    return false;
                }
                finally
                {
                    await StopAsync(process);
                    process.Dispose();
                }
            }
        }
        finally
        {
            await cluster.DisposeAsync();
        }
    }

    private static async Task<bool> PublishAsync(string directory)
    {
        using var publish = Process.Start(
            "dotnet",
            ["publish", Path.Combine(Repository.Root, "src", "ConntrackOperator.Controller"), "-c", "Release", "-o", directory, "-v",
            "quiet", "--nologo"]);
        await publish.WaitForExitAsync();
        return publish.ExitCode == 0;
    }

    /// <summary>As a cloud's nodes are: labels, annotations, conditions with heartbeats, images.</summary>
    private static async Task CreateNodesAsync(HttpClient http, int count) =>
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"ip-10-{i >> 8}-{i & 255}-7.eu-central-1.compute.internal");
        var labels = new JsonObject
        {
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = "amd64",
            ["kubernetes.io/hostname"] = name,
            ["topology.kubernetes.io/zone"] = $"zone-{i % 3}",
        };
        for (var k = 0; k < 12; k++)
        {
            labels[$"example.com/label-{k}"] = $"value-{i % (k + 1)}";
        }

        var annotations = new JsonObject
        {
            ["csi.volume.kubernetes.io/nodeid"] = $$"""{"ebs.csi.aws.com":"i-{{i:x17}}"}""",
            ["volumes.kubernetes.io/controller-managed-attach-detach"] = "true",
        };
        var node = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = labels, ["annotations"] = annotations },
        };
        await SendAsync(http, HttpMethod.Post, "/api/v1/nodes", "application/json", node.ToJsonString());
        var conditions = new JsonArray(
            [.. new[] { "MemoryPressure", "DiskPressure", "PIDPressure", "Ready" }.Select(t => (JsonNode)new JsonObject
        {
            ["type"] = t, ["status"] = t == "Ready" ? "True" : "False", ["reason"] = "KubeletReady",
                ["message"] = "kubelet is posting ready status",
            ["lastHeartbeatTime"] = "2026-01-31T12:00:00Z", ["lastTransitionTime"] = "2026-01-31T12:00:00Z",
        })]);
        var images = new JsonArray(
            [.. Enumerable.Range(0, 30)
                .Select(
                    k => (JsonNode)new JsonObject
                    {
                        ["names"] = new JsonArray($"registry.example.com/team/image-{k}@sha256:{k:x64}"),
                        ["sizeBytes"] = 100_000_000 + k,
                    })]);
        var status = new JsonObject
        {
            ["capacity"] = new JsonObject { ["cpu"] = "16", ["memory"] = $"{64_000_000 + i}Ki", ["pods"] = "110" },
            ["conditions"] = conditions,
            ["images"] = images,
        };
        await SendAsync(
            http, HttpMethod.Patch, $"/api/v1/nodes/{name}/status", "application/merge-patch+json",
            new JsonObject { ["status"] = status }.ToJsonString());
    });

    private static async Task<bool> UntilReadyAsync(HttpClient http, int nodes, Process process, Stopwatch watch)
    {
        while (watch.Elapsed < _patience && !process.HasExited)
        {
            await Task.Delay(500);
            var policy = JsonNode.Parse(await http.GetStringAsync(new Uri(Policies + "/everything", UriKind.Relative)))!;
            if ((long?)policy["status"]?["observedGeneration"] == (long?)policy["metadata"]!["generation"]
                && (int?)policy["status"]?["nodes"]?["ready"] == nodes)
            {
                return true;
            }
        }

        return false;
    }

    private static async Task SendAsync(HttpClient http, HttpMethod method, string path, string type, string body)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent(body, Encoding.UTF8, type),
        };
        using var answer = await http.SendAsync(request);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{method} {path}: {await answer.Content.ReadAsStringAsync()}");
        }
    }

    private static async Task StopAsync(Process process)
    {
        if (!process.HasExited)
        {
            Signals.Send(process, Signals.Terminate);
            await process.WaitForExitAsync();
        }
    }
}
