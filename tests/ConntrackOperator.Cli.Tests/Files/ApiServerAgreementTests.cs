using System.Net;
using System.Text;
using System.Text.Json;
using ConntrackOperator.Api.Schema;
using ConntrackOperator.Cli.Crd;
using ConntrackOperator.TestKit;
using Xunit;

namespace ConntrackOperator.Cli.Tests.Files;

/// <summary>A real API server with this project's CRDs.</summary>
public sealed class ApiServerWithCrds : IAsyncLifetime
{
    private TestApiServer? _server;
    private HttpClient? _http;

    public async ValueTask InitializeAsync()
    {
        if (TestApiServer.Unavailable is not null)
        {
            return;
        }

        _server = await TestApiServer.StartAsync();
        _http = _server.CreateHttpClient();
        foreach (var (name, text) in CrdGenerator.Generate().Where(file => file.Key != CrdGenerator.KustomizationFile))
        {
            var (status, message) = await PostAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldValidation=Strict", text);
            Assert.True(status == HttpStatusCode.Created, $"{name}: {message}");
        }

        using var ready = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        foreach (var plural in new[] { "conntrackpolicies", "conntrackflushes" })
        {
            while ((await _http.GetAsync(new Uri("/apis/conntrack.dev/v1alpha1/" + plural, UriKind.Relative), ready.Token)).StatusCode
                != HttpStatusCode.OK)
            {
                await Task.Delay(50, ready.Token);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>Puts an object to admission without storing it; the text goes as it is, so that the API server reads the YAML.</summary>
    internal Task<(HttpStatusCode Status, string Message)> TryAsync(string yaml, string plural = "conntrackpolicies") =>
        PostAsync($"/apis/conntrack.dev/v1alpha1/{plural}?dryRun=All&fieldValidation=Strict", yaml);

    /// <summary>Stores a flush.</summary>
    internal Task<(HttpStatusCode Status, string Message)> CreateFlushAsync(string yaml) =>
        PostAsync("/apis/conntrack.dev/v1alpha1/conntrackflushes?fieldValidation=Strict", yaml);

    /// <summary>Changes a stored flush by a merge patch.</summary>
    internal Task<(HttpStatusCode Status, string Message)> PatchFlushAsync(string name, string json) =>
        SendAsync(HttpMethod.Patch, "/apis/conntrack.dev/v1alpha1/conntrackflushes/" + name, json, "application/merge-patch+json");

    private Task<(HttpStatusCode Status, string Message)> PostAsync(string path, string yaml) =>
        SendAsync(HttpMethod.Post, path, yaml, "application/yaml");

    private async Task<(HttpStatusCode Status, string Message)> SendAsync(HttpMethod method, string path, string text, string type)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative))
        {
            Content = new StringContent(text, Encoding.UTF8, type),
        };
        using var answer = await _http!.SendAsync(request);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return (answer.StatusCode, json.RootElement.TryGetProperty("message", out var message) ? message.GetString()! : string.Empty);
    }
}

/// <summary>The API server refuses and accepts the same policies as the check without a cluster, and says the same.</summary>
public class ApiServerAgreementTests(ApiServerWithCrds server) : IClassFixture<ApiServerWithCrds>
{
    public static TheoryData<string> Invalid => PolicyTestData.Invalid();

    public static TheoryData<string> Valid => PolicyTestData.Valid();

    public static TheoryData<string> InvalidFlushes => PolicyTestData.Names("flush-invalid");

    public static TheoryData<string> ValidFlushes => PolicyTestData.Names("flush-valid");

    [Theory, MemberData(nameof(Invalid))]
    public async Task Invalid_policy_is_refused_by_the_API_server_naming_the_same(string name)
    {
        Assert.SkipWhen(TestApiServer.Unavailable is not null, TestApiServer.Unavailable ?? string.Empty);
        var file = PolicyTestData.PathOf("invalid", name);
        var (status, message) = await server.TryAsync(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        Assert.True(status is HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest, $"{status}: {message}");
        Assert.All(PolicyTestData.Expected(file), part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Valid))]
    public async Task Valid_policy_is_accepted_by_the_API_server(string name)
    {
        Assert.SkipWhen(TestApiServer.Unavailable is not null, TestApiServer.Unavailable ?? string.Empty);
        var (status, message) = await server.TryAsync(
            await File.ReadAllTextAsync(PolicyTestData.PathOf("valid", name), TestContext.Current.CancellationToken));
        Assert.True(status == HttpStatusCode.Created, $"{status}: {message}");
    }

    [Theory, MemberData(nameof(InvalidFlushes))]
    public async Task Invalid_flush_is_refused_by_the_API_server_naming_the_same(string name)
    {
        Assert.SkipWhen(TestApiServer.Unavailable is not null, TestApiServer.Unavailable ?? string.Empty);
        var file = PolicyTestData.PathOf("flush-invalid", name);
        var (status, message) = await server.TryAsync(
            await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), "conntrackflushes");
        Assert.True(status is HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest, $"{status}: {message}");
        Assert.All(PolicyTestData.Expected(file), part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(ValidFlushes))]
    public async Task Valid_flush_is_accepted_by_the_API_server(string name)
    {
        Assert.SkipWhen(TestApiServer.Unavailable is not null, TestApiServer.Unavailable ?? string.Empty);
        var (status, message) = await server.TryAsync(
            await File.ReadAllTextAsync(PolicyTestData.PathOf("flush-valid", name), TestContext.Current.CancellationToken),
            "conntrackflushes");
        Assert.True(status == HttpStatusCode.Created, $"{status}: {message}");
    }

    [Fact]
    public async Task Sample_flush_is_accepted_by_the_API_server()
    {
        Assert.SkipWhen(TestApiServer.Unavailable is not null, TestApiServer.Unavailable ?? string.Empty);
        var file = Path.Combine(Repository.Root, "config", "samples", "flush-time-wait.yaml");
        var (status, message) = await server.TryAsync(
            await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), "conntrackflushes");
        Assert.True(status == HttpStatusCode.Created, $"{status}: {message}");
    }

    [Fact]
    public async Task A_stored_flush_keeps_its_spec_and_takes_labels()
    {
        Assert.SkipWhen(TestApiServer.Unavailable is not null, TestApiServer.Unavailable ?? string.Empty);
        var (created, why) = await server.CreateFlushAsync(
            "apiVersion: conntrack.dev/v1alpha1\nkind: ConntrackFlush\nmetadata: {name: kept}\nspec: {nodeName: a, match: {protocol: "
                + "TCP}}\n");
        Assert.True(created == HttpStatusCode.Created, $"{created}: {why}");
        var (changed, message) = await server.PatchFlushAsync("kept", """{"spec": {"match": {"protocol": "UDP"}}}""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, changed);
        Assert.Contains(RuleMessages.FlushUnchangeable, message, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await server.PatchFlushAsync("kept", """{"metadata": {"labels": {"a": "b"}}}""")).Status);
    }

    [Theory]
    [InlineData("simple.yaml")]
    [InlineData("by-pool.yaml")]
    [InlineData("auto-sized.yaml")]
    [InlineData("everything.yaml")]
    [InlineData("slowly.yaml")]
    public async Task Sample_is_accepted_by_the_API_server(string name)
    {
        Assert.SkipWhen(TestApiServer.Unavailable is not null, TestApiServer.Unavailable ?? string.Empty);
        var text = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "config", "samples", name), TestContext.Current.CancellationToken);
        foreach (var document in text.Split("\n---\n"))
        {
            var (status, message) = await server.TryAsync(document);
            Assert.True(status == HttpStatusCode.Created, $"{status}: {message}");
        }
    }
}
