using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ConntrackOperator.Kubernetes.Client;
using Xunit;

namespace ConntrackOperator.TestKit;

/// <summary>One real API server for an assembly's tests, if there can be one, with this project's kinds and namespaces.</summary>
public sealed class RealCluster : IAsyncLifetime
{
    private static readonly string[] _everything =
    [
        "/apis/conntrack.dev/v1alpha1/conntrackpolicies", "/apis/conntrack.dev/v1alpha1/conntracknodes",
        "/apis/conntrack.dev/v1alpha1/conntrackflushes", "/api/v1/nodes",
        "/apis/apps/v1/namespaces/conntrack-system/daemonsets", "/apis/coordination.k8s.io/v1/namespaces/conntrack-system/leases",
        "/apis/events.k8s.io/v1/namespaces/default/events",
    ];

    public TestApiServer? Server { get; private set; }

    /// <summary>The server; skips the test when there is none.</summary>
    public TestApiServer Require()
    {
        Assert.SkipUnless(Server is not null, TestApiServer.Unavailable ?? "");
        return Server!;
    }

    public async ValueTask InitializeAsync()
    {
        if (TestApiServer.Unavailable is not null)
        {
            return;
        }

        Server = await TestApiServer.StartAsync();
        using var http = Server.CreateHttpClient();
        foreach (var name in new[] { "default", "conntrack-system" })
        {
            // The first may be there already.
            await PostAsync(
                http, "/api/v1/namespaces", "application/json",
                $$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{name}}"} }""", conflictIsFine: true);
        }

        foreach (var file in Directory.GetFiles(Path.Combine(Repository.Root, "config", "crd"), "conntrack.dev_*.yaml"))
        {
            await PostAsync(
                http, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "application/yaml", await File.ReadAllTextAsync(file));
        }

        foreach (var path in _everything)
        {
            await ServedAsync(http, path);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }

    /// <summary>
    /// How a program under test connects: with the files that it would find in a pod. Skips the test when there is no server.
    /// </summary>
    public ServerConnection Connection() => new()
    {
        Server = Require().BaseAddress,
        CertificateAuthorityFile = Require().CertificateAuthorityFile,
        TokenFile = Require().TokenFile,
    };

    /// <summary>Deletes everything that a test may have left. Without effect where there is no server.</summary>
    public async Task ClearAsync()
    {
        if (Server is null)
        {
            return;
        }

        using var http = Server.CreateHttpClient();
        foreach (var path in _everything)
        {
            var list = JsonNode.Parse(await http.GetStringAsync(new Uri(path, UriKind.Relative)))!;
            foreach (var item in list["items"]!.AsArray())
            {
                var one = new Uri($"{path}/{item!["metadata"]!["name"]}", UriKind.Relative);
                if (item["metadata"]!["finalizers"] is not null)
                {
                    using var patch = new StringContent(
                        """{"metadata":{"finalizers":null}}""", Encoding.UTF8, "application/merge-patch+json");
                    await http.PatchAsync(one, patch);
                }

                await http.DeleteAsync(one);
            }
        }
    }

    private static async Task PostAsync(HttpClient http, string path, string type, string text, bool conflictIsFine = false)
    {
        using var body = new StringContent(text, Encoding.UTF8, type);
        using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), body);
        Assert.True(
            answer.IsSuccessStatusCode || (conflictIsFine && answer.StatusCode == HttpStatusCode.Conflict),
            await answer.Content.ReadAsStringAsync());
    }

    private static async Task ServedAsync(HttpClient http, string path)
    {
        for (var i = 0; i < 200; i++)
        {
            using var answer = await http.GetAsync(new Uri(path, UriKind.Relative));
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return;
            }

            await Task.Delay(50);
        }

        throw new TimeoutException($"{path} is not served.");
    }
}
