using System.Text;
using System.Text.Json.Nodes;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Agent.Tests.Behaviour;

/// <summary>
/// What Kubernetes makes of a status that was written under the schema of before, with lists that are maps and every field owned
/// by itself, once the schema says that the status is one value.
/// </summary>
public sealed class SchemaUpgradeTests(RealCluster real) : IAsyncLifetime
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    private const string Name = "reports.upgrade.conntrack.dev";
    private const string Reports = "/apis/upgrade.conntrack.dev/v1/reports";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Next_report_after_the_upgrade_takes_away_what_the_one_before_and_others_left()
    {
        await SendAsync(HttpMethod.Post, Definitions, "application/json", Definition(atomic: false));
        await UntilAsync(async () => (await AnswerAsync(HttpMethod.Get, Reports, null, null)).IsSuccessStatusCode);
        await SendAsync(
            HttpMethod.Patch, $"{Reports}/a?fieldManager=controller&force=true", "application/apply-patch+yaml",
            Report("""{"spec":{"settings":[{"name":"x","value":1}]}}"""));
        await ReportAsync("agent", """{"advice":"a","table":{"limit":5},"settings":[{"name":"x","value":1},{"name":"y","value":2}]}""");
        await ReportAsync("somebody", """{"foreign":"f","settings":[{"name":"z","value":3}]}""");
        var before = await StoredAsync();
        Assert.Equal(3, before["status"]!["settings"]!.AsArray().Count);
        Assert.Equal("f", before["status"]!["foreign"]!.ToString());

        await SendAsync(HttpMethod.Patch, $"{Definitions}/{Name}", "application/merge-patch+json", Definition(atomic: true));
        // The server takes a new schema over in its own time.
        await UntilAsync(async () =>
        {
            await ReportAsync("agent", """{"table":{"limit":6},"settings":[{"name":"x","value":4}]}""");
            return (await StoredAsync())["status"]!["foreign"] is null;
        });

        var after = await StoredAsync();
        Assert.Equal("""{"settings":[{"name":"x","value":4}],"table":{"limit":6}}""", after["status"]!.ToJsonString());
        var owners = after["metadata"]!["managedFields"]!.AsArray().Where(m => m!["subresource"] is not null).ToList();
        Assert.Equal("""agent {"f:status":{}}""", Assert.Single(owners.Select(m => $"{m!["manager"]} {m["fieldsV1"]!.ToJsonString()}")));

        // The plan likewise, whole, by the one who writes it.
        await SendAsync(
            HttpMethod.Patch, $"{Reports}/a?fieldManager=controller&force=true", "application/apply-patch+yaml",
            Report("""{"spec":{"settings":[{"name":"w","value":9}]}}"""));
        Assert.Equal("""{"settings":[{"name":"w","value":9}]}""", (await StoredAsync())["spec"]!.ToJsonString());
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (real.Server is not null)
        {
            (await AnswerAsync(HttpMethod.Delete, $"{Definitions}/{Name}", null, null)).Dispose();
        }
    }

    private static string Definition(bool atomic)
    {
        var kind = atomic
            ? "\"x-kubernetes-list-type\":\"atomic\"" : "\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-keys\":[\"name\"]";
        var list = $$$"""
            {"type":"array",{{{kind}}},"items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"value":{"type":"integer"} } } }
            """;
        var map = atomic ? "\"x-kubernetes-map-type\":\"atomic\"," : "";
        return $$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{Name}}"},
             "spec":{"group":"upgrade.conntrack.dev","scope":"Cluster","names":{"plural":"reports","singular":"report","kind":"Report"},
              "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{} },"schema":{"openAPIV3Schema":{"type":"object","properties":{
               "spec":{"type":"object",{{map}}"properties":{"settings":{{list}} } },
               "status":{"type":"object",{{map}}"properties":{"advice":{"type":"string"},"foreign":{"type":"string"},
                "table":{"type":"object","properties":{"limit":{"type":"integer"} } },"settings":{{list}} } } } } } }]} }
            """;
    }

    private static string Report(string fields)
    {
        var body = (JsonObject)JsonNode.Parse(fields)!;
        body["apiVersion"] = "upgrade.conntrack.dev/v1";
        body["kind"] = "Report";
        body["metadata"] = new JsonObject { ["name"] = "a" };
        return body.ToJsonString();
    }

    private Task ReportAsync(string manager, string status) => SendAsync(
        HttpMethod.Patch, $"{Reports}/a/status?fieldManager={manager}&force=true", "application/apply-patch+yaml",
        Report($$"""{"status":{{status}}}"""));

    private async Task<JsonNode> StoredAsync()
    {
        using var answer = await AnswerAsync(HttpMethod.Get, $"{Reports}/a", null, null);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Token))!;
    }

    private async Task SendAsync(HttpMethod method, string path, string type, string body)
    {
        using var answer = await AnswerAsync(method, path, type, body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Token));
    }

    private async Task<HttpResponseMessage> AnswerAsync(HttpMethod method, string path, string? type, string? body)
    {
        using var http = real.Require().CreateHttpClient();
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, type!);
        return await http.SendAsync(request, Token);
    }

    private static async Task UntilAsync(Func<Task<bool>> done)
    {
        for (var i = 0; !await done(); i++)
        {
            Assert.True(i < 600, "not within a minute");
            await Task.Delay(100, Token);
        }
    }
}
