using System.Globalization;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Kubernetes.Tests.Client;

public sealed class ApiClientTests : IDisposable
{
    private readonly FakeApiServer _server = new([Widget.Resource]);

    [Fact]
    public async Task Server_that_asks_to_wait_is_asked_again_after_that_time()
    {
        var time = new FakeTimeProvider();
        var client = _server.CreateClient(null, time);
        _server.Put(Widget.Type, """{"metadata":{"name":"a"}}""");
        _server.Faults.Add("get", "widgets", 2, FaultAction.Answer(429, "TooManyRequests", TimeSpan.FromSeconds(5)));
        var get = GetAsync(client);
        await Eventually.UntilAsync(() => _server.Requests.Count("get") == 1);
        await Task.Delay(50, Token);
        time.Advance(TimeSpan.FromSeconds(4.9));
        await Task.Delay(50, Token);
        Assert.Equal(1, _server.Requests.Count("get"));
        await Eventually.UntilAsync(() => get.IsCompleted, () => time.Advance(TimeSpan.FromSeconds(0.2)));
        Assert.Equal("a", (await get).Metadata!.Name);
        Assert.Equal(3, _server.Requests.Count("get"));
    }

    [Fact]
    public async Task Server_that_asks_to_wait_longer_than_the_call_may_take_is_reported_with_that_time()
    {
        _server.Faults.Add("get", "widgets", 1, FaultAction.Answer(429, "TooManyRequests", TimeSpan.FromSeconds(120)));
        var e = await FailsAsync(_server.CreateClient());
        Assert.Equal(TimeSpan.FromSeconds(120), e.RetryAfter);
        Assert.True(e.IsTransient);
        Assert.Equal(1, _server.Requests.Count("get"));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task Failure_of_the_server_is_transient_and_not_repeated_behind_the_callers_back(int code)
    {
        _server.Faults.Add("get", "widgets", 1, FaultAction.Answer(code));
        var e = await FailsAsync(_server.CreateClient());
        Assert.Equal(code, e.Code);
        Assert.True(e.IsTransient);
        Assert.Equal(1, _server.Requests.Count("get"));
    }

    [Fact]
    public async Task Call_that_is_not_answered_ends_at_its_time_limit()
    {
        var time = new FakeTimeProvider();
        _server.Faults.Add("get", "widgets", 1, FaultAction.Hang());
        var get = GetAsync(_server.CreateClient(new() { TimeLimit = TimeSpan.FromSeconds(30) }, time));
        await Eventually.UntilAsync(() => _server.Requests.Count("get") == 1);
        time.Advance(TimeSpan.FromSeconds(29));
        Assert.False(get.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(2));
        var e = await Assert.ThrowsAsync<ApiException>(() => get);
        Assert.Equal("Timeout", e.Reason);
        Assert.True(e.IsTransient);
        Assert.Contains("within 30 s", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Callers_cancellation_is_no_failure_of_the_api()
    {
        using var cancel = new CancellationTokenSource();
        _server.Faults.Add("get", "widgets", 1, FaultAction.Hang());
        var get = _server.CreateClient().GetAsync(Widget.Type, null, "a", WidgetJson.Default.Widget, cancel.Token);
        await Eventually.UntilAsync(() => _server.Requests.Count("get") == 1);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => get);
    }

    [Fact]
    public async Task Connection_that_breaks_is_transient()
    {
        // .NET itself tries again when a kept connection breaks before the answer begins.
        _server.Faults.Add("get", "widgets", int.MaxValue, FaultAction.Cut());
        var e = await FailsAsync(_server.CreateClient());
        Assert.Equal("Network", e.Reason);
        Assert.True(e.IsTransient);
    }

    [Fact]
    public async Task Refused_token_is_read_again_once()
    {
        var directory = Directory.CreateTempSubdirectory();
        try
        {
            var file = Path.Combine(directory.FullName, "token");
            await File.WriteAllTextAsync(file, "old\n", Token);
            _server.AddUser("old", "agent");
            _server.Put(Widget.Type, """{"metadata":{"name":"a"}}""");
            var client = new ServerConnection { Server = _server.BaseAddress, TokenFile = file }.Connect();
            await GetAsync(client);
            _server.RemoveUser("old");
            _server.AddUser("new", "agent");
            var e = await FailsAsync(client);
            Assert.True(e.IsUnauthorized);
            await File.WriteAllTextAsync(file, "new\n", Token);
            await GetAsync(client);
            Assert.Equal("agent", _server.Requests.All[^1].User);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Renewed_token_is_taken_up_without_a_refusal_within_a_minute()
    {
        var directory = Directory.CreateTempSubdirectory();
        try
        {
            var time = new FakeTimeProvider();
            var path = Path.Combine(directory.FullName, "token");
            await File.WriteAllTextAsync(path, "one", Token);
            var file = new BearerTokenFile(path, time);
            Assert.Equal("one", await TokenOfAsync(file));
            await File.WriteAllTextAsync(path, "two", Token);
            Assert.Equal("one", await TokenOfAsync(file));
            time.Advance(TimeSpan.FromSeconds(61));
            Assert.Equal("two", await TokenOfAsync(file));
            // A moment without the file is not the end.
            File.Delete(path);
            time.Advance(TimeSpan.FromSeconds(61));
            Assert.Equal("two", await TokenOfAsync(file));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Token_file_that_is_not_there_is_a_transient_failure_that_names_it()
    {
        var client = new ServerConnection { Server = _server.BaseAddress, TokenFile = "/nonexistent/token" }.Connect();
        var e = await FailsAsync(client);
        Assert.Equal("Credentials", e.Reason);
        Assert.True(e.IsTransient);
        Assert.Contains("/nonexistent/token", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.0.0.1", "https://10.0.0.1:6443/")]
    [InlineData("fd00::1", "https://[fd00::1]:6443/")]
    [InlineData("[fd00::1]", "https://[fd00::1]:6443/")]
    [InlineData("kubernetes.default", "https://kubernetes.default:6443/")]
    public void Pod_finds_the_server_by_its_environment(string host, string expected)
    {
        var environment = new Dictionary<string, string> { ["KUBERNETES_SERVICE_HOST"] = host, ["KUBERNETES_SERVICE_PORT"] = "6443" };
        var connection = InCluster.Describe(environment.GetValueOrDefault, "/sa");
        Assert.Equal(expected, connection.Server.ToString());
        Assert.Equal("/sa/ca.crt", connection.CertificateAuthorityFile);
        Assert.Equal("/sa/token", connection.TokenFile);
        using var handler = new ServerConnection { Server = connection.Server }.CreateHandler();
        Assert.False(handler.UseProxy);
    }

    [Fact]
    public void Outside_of_a_pod_the_missing_variable_is_named()
    {
        var e = Assert.Throws<InvalidOperationException>(() => InCluster.Describe(_ => null, "/sa"));
        Assert.Contains("KUBERNETES_SERVICE_HOST", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Object_that_is_too_large_is_refused_and_not_read_to_its_end()
    {
        _server.Put(Widget.Type, $$$"""{"metadata":{"name":"a"},"spec":{"color":"{{{new string('x', 100_000)}}}"}}""");
        var e = await FailsAsync(_server.CreateClient(new() { MaxObjectBytes = 50_000 }));
        Assert.Equal("TooLarge", e.Reason);
        Assert.False(e.IsTransient);
    }

    [Fact]
    public async Task Objects_of_any_size_up_to_the_limit_come_through_a_watch()
    {
        var client = _server.CreateClient();
        await using var watch = client.WatchAsync(
            Widget.Type, null, new() { ResourceVersion = _server.Revision.ToString(CultureInfo.InvariantCulture) },
            WidgetJson.Default.Widget, Token).GetAsyncEnumerator(Token);
        var sizes = new[] { 1, 8_000, 8_191, 8_192, 8_193, 100_000, 20, 3_000_000, 7_900_000, 5, 64_000 };
        var next = watch.MoveNextAsync();
        await Eventually.UntilAsync(() => _server.Watches(Widget.Type) == 1);
        for (var i = 0; i < sizes.Length; i++)
        {
            _server.Put(Widget.Type, $$$"""{"metadata":{"name":"w{{{i}}}"},"spec":{"color":"{{{new string('x', sizes[i])}}}"}}""");
        }

        foreach (var size in sizes)
        {
            Assert.True(await next);
            Assert.Equal(size, watch.Current.Object!.Spec!.Color!.Length);
            next = watch.MoveNextAsync();
        }

        _server.Stop();
        await Assert.ThrowsAsync<ApiException>(async () => await next);
    }

    [Fact]
    public async Task Answer_that_is_not_of_the_api_is_reported_with_its_text()
    {
        using var http = new HttpClient(new Canned(System.Net.HttpStatusCode.BadGateway, "<html>upstream is gone</html>"));
        var e = await FailsAsync(new(http, _server.BaseAddress));
        Assert.Equal(502, e.Code);
        Assert.Contains("upstream is gone", e.Message, StringComparison.Ordinal);
        using var nonsense = new HttpClient(new Canned(System.Net.HttpStatusCode.OK, "<html>welcome</html>"));
        e = await FailsAsync(new(nonsense, _server.BaseAddress));
        Assert.True(e.IsUndecodable);
    }

    [Fact]
    public async Task Base_address_may_have_a_path_and_credentials_come_from_the_callers_delegate()
    {
        var canned = new Canned(System.Net.HttpStatusCode.OK, """{"metadata":{"name":"a"}}""");
        using var http = new HttpClient(canned);
        var client = new ApiClient(http, new Uri("https://rancher.example/k8s/clusters/c-1/"), (request, _) =>
        {
            request.Headers.Add("X-Who", "me");
            return ValueTask.CompletedTask;
        });
        await GetAsync(client);
        Assert.Equal("https://rancher.example/k8s/clusters/c-1/apis/test.conntrack.dev/v1/widgets/a", canned.Last!.RequestUri!.ToString());
        Assert.Equal("me", Assert.Single(canned.Last.Headers.GetValues("X-Who")));
    }

    public void Dispose() => _server.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static Task<Widget> GetAsync(ApiClient client) =>
        client.GetAsync(Widget.Type, null, "a", WidgetJson.Default.Widget, Token);

    private static Task<ApiException> FailsAsync(ApiClient client) => Assert.ThrowsAsync<ApiException>(() => GetAsync(client));

    private static async Task<string?> TokenOfAsync(BearerTokenFile file)
    {
        using var request = new HttpRequestMessage();
        await file.AuthenticateAsync(request, Token);
        return request.Headers.Authorization!.Parameter;
    }

    private sealed class Canned(System.Net.HttpStatusCode code, string body) : HttpMessageHandler
    {
        public HttpRequestMessage? Last { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Last = request;
            return Task.FromResult(new HttpResponseMessage(code) { Content = new StringContent(body) });
        }
    }
}
