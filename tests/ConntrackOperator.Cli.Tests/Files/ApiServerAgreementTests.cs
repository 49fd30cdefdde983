using System.Net;
using System.Text;
using System.Text.Json;
using ConntrackOperator.Cli.Crd;
using ConntrackOperator.TestKit;
using Xunit;

namespace ConntrackOperator.Cli.Tests.Files;

/// <summary>A real API server with this project's CRDs.</summary>
public sealed class ApiServerWithCrds : IAsyncLifetime
{
    private TestApiServer? server;
    private HttpClient? http;

    public async ValueTask InitializeAsync()
    {
        if (TestApiServer.Unavailable is not null)
        {
            return;
        }

        server = await TestApiServer.StartAsync();
        http = server.CreateHttpClient();
        foreach (var (name, text) in CrdGenerator.Generate().Where(file => file.Key != CrdGenerator.KustomizationFile))
        {
            var (status, message) = await PostAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldValidation=Strict", text);
            Assert.True(status == HttpStatusCode.Created, $"{name}: {message}");
        }

        using var ready = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await http.GetAsync(new Uri("/apis/conntrack.dev/v1alpha1/conntrackpolicies", UriKind.Relative), ready.Token)).StatusCode != HttpStatusCode.OK)
        {
            await Task.Delay(50, ready.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        http?.Dispose();
        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>Puts a policy to admission without storing it; the text goes as it is, so that the API server reads the YAML.</summary>
    internal Task<(HttpStatusCode Status, string Message)> TryAsync(string yaml) =>
        PostAsync("/apis/conntrack.dev/v1alpha1/conntrackpolicies?dryRun=All&fieldValidation=Strict", yaml);

    private async Task<(HttpStatusCode Status, string Message)> PostAsync(string path, string yaml)
    {
        using var body = new StringContent(yaml, Encoding.UTF8, "application/yaml");
        using var answer = await http!.PostAsync(new Uri(path, UriKind.Relative), body);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return (answer.StatusCode, json.RootElement.TryGetProperty("message", out var message) ? message.GetString()! : string.Empty);
    }
}

/// <summary>The API server refuses and accepts the same policies as the check without a cluster, and says the same.</summary>
public class ApiServerAgreementTests(ApiServerWithCrds server) : IClassFixture<ApiServerWithCrds>
{
    public static TheoryData<string> Invalid => PolicyTestData.Invalid();

    public static TheoryData<string> Valid => PolicyTestData.Valid();

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

    [Theory]
    [InlineData("simple.yaml")]
    [InlineData("by-pool.yaml")]
    [InlineData("auto-sized.yaml")]
    [InlineData("everything.yaml")]
    public async Task Sample_is_accepted_by_the_API_server(string name)
    {
        Assert.SkipWhen(TestApiServer.Unavailable is not null, TestApiServer.Unavailable ?? string.Empty);
        var text = await File.ReadAllTextAsync(
            Path.Combine(PolicyTestData.RepositoryRoot(), "config", "samples", name), TestContext.Current.CancellationToken);
        foreach (var document in text.Split("\n---\n"))
        {
            var (status, message) = await server.TryAsync(document);
            Assert.True(status == HttpStatusCode.Created, $"{status}: {message}");
        }
    }
}
