using System.Net;
using System.Text;
using ConntrackOperator.Kubernetes.Tests.RealServer;
using ConntrackOperator.TestKit;

[assembly: AssemblyFixture(typeof(RealApiServerFixture))]

namespace ConntrackOperator.Kubernetes.Tests.RealServer;

/// <summary>One real server for all tests, if there can be one, with the widgets' definition.</summary>
public sealed class RealApiServerFixture : IAsyncLifetime
{
    private const string Definition = """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.test.conntrack.dev"},
         "spec":{"group":"test.conntrack.dev","scope":"Cluster","names":{"plural":"widgets","singular":"widget","kind":"Widget"},
          "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},"schema":{"openAPIV3Schema":{"type":"object","properties":{
           "spec":{"type":"object","properties":{"size":{"type":"integer"},"color":{"type":"string"},
            "parts":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
             "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"count":{"type":"integer"}}}}}},
           "status":{"type":"object","properties":{"phase":{"type":"string"}}}}}}}]}}
        """;

    public TestApiServer? Server { get; private set; }

    public async ValueTask InitializeAsync()
    {
        if (TestApiServer.Unavailable is not null)
        {
            return;
        }

        Server = await TestApiServer.StartAsync();
        await DefineAsync(Server);
    }

    /// <summary>Has a server serve the widgets.</summary>
    internal static async Task DefineAsync(TestApiServer server)
    {
        using var http = server.CreateHttpClient();
        using var body = new StringContent(Definition, Encoding.UTF8, "application/json");
        var answer = await http.PostAsync(new Uri("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", UriKind.Relative), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        using var ns = new StringContent(
            """{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}}""", Encoding.UTF8, "application/json");
        await http.PostAsync(new Uri("/api/v1/namespaces", UriKind.Relative), ns);
        for (var i = 0; i < 100; i++)
        {
            using var list = await http.GetAsync(new Uri("/apis/test.conntrack.dev/v1/widgets", UriKind.Relative));
            if (list.StatusCode == HttpStatusCode.OK)
            {
                return;
            }

            await Task.Delay(100);
        }

        throw new TimeoutException("The widgets are not served.");
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }
    }
}
