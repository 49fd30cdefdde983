using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using ConntrackOperator.Cli.Doctor.Gathering;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Cli.Tests.Doctor;

/// <summary>A recorded cluster in a real API server, looked at by kubectl with its plugin.</summary>
public sealed class DoctorOnTheRealServerTests : IAsyncLifetime
{
    private static readonly Dictionary<string, string> _paths = new()
    {
        ["Node"] = "/api/v1/nodes",
        ["ConfigMap"] = "/api/v1/namespaces/{0}/configmaps",
        ["DaemonSet"] = "/apis/apps/v1/namespaces/{0}/daemonsets",
        ["Deployment"] = "/apis/apps/v1/namespaces/{0}/deployments",
        ["Lease"] = "/apis/coordination.k8s.io/v1/namespaces/{0}/leases",
        ["CustomResourceDefinition"] = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        ["ValidatingAdmissionPolicy"] = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
        ["ValidatingAdmissionPolicyBinding"] = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
        ["ConntrackPolicy"] = "/apis/conntrack.dev/v1alpha1/conntrackpolicies",
        ["ConntrackNode"] = "/apis/conntrack.dev/v1alpha1/conntracknodes",
    };

    private TestApiServer? _server;

    public async ValueTask InitializeAsync() => _server = TestApiServer.Unavailable is null ? await TestApiServer.StartAsync() : null;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Fact]
    public async Task Kubectl_conntrack_doctor_finds_nothing_in_a_healthy_cluster_and_says_what_is_wrong_in_a_bad_one()
    {
        Assert.SkipUnless(_server is not null, TestApiServer.Unavailable ?? string.Empty);
        using var http = _server!.CreateHttpClient();
        foreach (var ns in (string[])["kube-system", "kube-flannel", "conntrack-system"])
        {
            await SendAsync(
                http, HttpMethod.Post, "/api/v1/namespaces",
                $$"""{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "{{ns}}"} }""", mayExist: true);
        }

        var cluster = RecordedCluster.Load("kubeadm", DateTimeOffset.UtcNow);
        foreach (var one in cluster.Objects.OrderByDescending(o => o.Text("kind") == "CustomResourceDefinition"))
        {
            await CreateAsync(http, one);
        }

        var healthy = Doctor();
        Assert.Equal(string.Empty, healthy.Error);
        Assert.EndsWith("\nnothing is wrong\n", healthy.Output, StringComparison.Ordinal);
        Assert.Equal(0, healthy.ExitCode);

        var configuration = cluster.Objects.Single(o => o.Text("kind") == "ConfigMap").Text("data", "config.conf")
            .Replace("maxPerCore: 0\n  min: 0", "maxPerCore: 32768\n  min: 131072", StringComparison.Ordinal);
        await SendAsync(
            http, HttpMethod.Patch, "/api/v1/namespaces/kube-system/configmaps/kube-proxy",
            new JsonObject { ["data"] = new JsonObject { ["config.conf"] = configuration } }.ToJsonString());
        var bad = Doctor();
        Assert.Contains(
            "\n1. Critical: 3 nodes: the next start of kube-proxy lowers nf_conntrack_max from 2,097,152 to 1,048,576  [kube-proxy]\n   "
                + "where   node-1, node-2, node-3\n", bad.Output, StringComparison.Ordinal);
        Assert.Contains("\nconntrack:\n  maxPerCore: 0\n  min: 0\n", bad.Output, StringComparison.Ordinal);
        Assert.Equal(3, bad.ExitCode);
        var json = JsonNode.Parse(Doctor("-o", "json").Output)!;
        Assert.Equal(
            ("Critical", "kube-proxy", 1),
            (json["findings"]![0]!["severity"]!.GetValue<string>(), json["findings"]![0]!["rule"]!.GetValue<string>(),
            json["critical"]!.GetValue<int>()));
        Assert.Equal(0, Doctor("--ignore", "kube-proxy").ExitCode);
    }

    // With kubectl where it is on the path, as a person types it; else the program by its own name.
    private CliResult Doctor(params string[] arguments)
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? string.Empty;
        var kubectl = path.Split(':').Select(d => Path.Combine(d, "kubectl")).FirstOrDefault(File.Exists);
        var environment = new Dictionary<string, string>
        {
            ["KUBECONFIG"] = _server!.KubeconfigPath,
            ["PATH"] = AppContext.BaseDirectory + ":" + path,
        };
        return kubectl is null ? CliProcess.RunWith(null, environment, CliProcess.Program, ["doctor", .. arguments])
            : CliProcess.RunWith(null, environment, kubectl, ["conntrack", "doctor", .. arguments]);
    }

    private static async Task CreateAsync(HttpClient http, JsonObject one)
    {
        var path = string.Format(System.Globalization.CultureInfo.InvariantCulture, _paths[one.Text("kind")], one.Namespace());
        var status = one["status"]?.DeepClone();
        await SendAsync(http, HttpMethod.Post, path, one.ToJsonString());
        if (one.Text("kind") == "CustomResourceDefinition")
        {
            using var ready = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (!(await http.GetAsync(
                new Uri("/apis/conntrack.dev/v1alpha1/" + one.Text("spec", "names", "plural"), UriKind.Relative),
                ready.Token)).IsSuccessStatusCode)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, ready.Token);
            }
        }
        else if (status is not null)
        {
            await SendAsync(http, HttpMethod.Patch, $"{path}/{one.Name()}/status", new JsonObject { ["status"] = status }.ToJsonString());
        }
    }

    private static async Task SendAsync(HttpClient http, HttpMethod method, string path, string body, bool mayExist = false)
    {
        using var content = new StringContent(body, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue(
            method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json");
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        using var answer = await http.SendAsync(request);
        Assert.True(
            answer.IsSuccessStatusCode || (mayExist && (int)answer.StatusCode == 409),
            $"{method} {path}: {await answer.Content.ReadAsStringAsync()}");
    }
}
