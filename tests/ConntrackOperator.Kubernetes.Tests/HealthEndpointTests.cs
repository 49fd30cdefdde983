using System.Net;
using System.Net.Sockets;
using ConntrackOperator.Kubernetes.Health;
using ConntrackOperator.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConntrackOperator.Kubernetes.Tests;

public sealed class HealthEndpointTests
{
    [Theory]
    [InlineData("127.0.0.1:9808", "127.0.0.1:9808")]
    [InlineData("[::1]:9808", "[::1]:9808")]
    [InlineData("::1:9808", "[::1]:9808")]
    [InlineData("fd00::5:9808", "[fd00::5]:9808")]
    [InlineData("0.0.0.0:1", "0.0.0.0:1")]
    [InlineData("9808", null)]
    [InlineData(":9808", null)]
    [InlineData("127.0.0.1:0", null)]
    [InlineData("127.0.0.1:65536", null)]
    [InlineData("127.0.0.1:-1", null)]
    [InlineData("localhost:9808", null)]
    [InlineData("", null)]
    public void Address_is_read_with_or_without_brackets(string address, string? endpoint)
    {
        Assert.Equal(endpoint, HealthEndpoint.Parse(address)?.ToString());
        Assert.Equal(endpoint is not null, HealthEndpoint.IsAddress(address));
    }

    [Fact]
    public void Star_is_every_address() =>
        Assert.Equal(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, HealthEndpoint.Parse("*:9808")!.Address);

    [Theory]
    [InlineData("/healthz", 200, "ok\n")]
    [InlineData("/readyz", 503, "not yet\n")]
    [InlineData("/metrics", 200, "x 1\n")]
    [InlineData("/metrics?name=x", 200, "x 1\n")]
    [InlineData("/", 404, "/healthz, /readyz and /metrics are here\n")]
    public async Task Page_is_answered(string path, int code, string text)
    {
        using var stop = new CancellationTokenSource();
        var port = FreePort.Next();
        var serving = new HealthEndpoint($"127.0.0.1:{port}", () => null, () => "not yet", NullLogger.Instance)
        {
            Metrics = () => "x 1\n"u8.ToArray(),
        }.RunAsync(stop.Token);
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"), TestContext.Current.CancellationToken);
        Assert.Equal((code, text), ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        await stop.CancelAsync();
        await serving;
    }

    [Fact]
    public async Task Client_that_says_nothing_does_not_keep_others_out_for_long()
    {
        using var stop = new CancellationTokenSource();
        var port = FreePort.Next();
        var serving = new HealthEndpoint($"127.0.0.1:{port}", () => null, () => null, NullLogger.Instance).RunAsync(stop.Token);
        var silent = new List<TcpClient>();
        for (var i = 0; i < 16; i++)
        {
            silent.Add(new TcpClient());
            await silent[^1].ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        }

        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(90) };
        Assert.Equal("ok\n", await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/healthz"), TestContext.Current.CancellationToken));
        silent.ForEach(c => c.Dispose());
        await stop.CancelAsync();
        await serving;
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /heal")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")]
    public async Task Probes_get_through_at_once_whatever_64_others_of_the_same_address_hold(string sent)
    {
        using var stop = new CancellationTokenSource();
        var port = FreePort.Next();
        var serving = new HealthEndpoint($"127.0.0.1:{port}", () => null, () => null, NullLogger.Instance)
        {
            Patience = TimeSpan.FromMinutes(30),
        }.RunAsync(stop.Token);
        var held = new List<TcpClient>();
        for (var i = 0; i < 64; i++)
        {
            var client = new TcpClient();
            held.Add(client);
            await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
            await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(sent), TestContext.Current.CancellationToken);
        }

        // Nobody is given up within the patience of the probes here: each is answered while the others are held, or not at all.
        for (var i = 0; i < 10; i++)
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(90) };
            Assert.Equal(
                "ok\n", await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/healthz"), TestContext.Current.CancellationToken));
        }

        held.ForEach(c => c.Dispose());
        await stop.CancelAsync();
        await serving;
    }

    [Fact]
    public async Task Connection_of_a_scraper_stays_and_leaves_room_for_others()
    {
        using var stop = new CancellationTokenSource();
        var port = FreePort.Next();
        var serving = new HealthEndpoint($"127.0.0.1:{port}", () => null, () => null, NullLogger.Instance)
        {
            Metrics = () => "x 1\n"u8.ToArray(),
        }.RunAsync(stop.Token);
        var scrapers = new List<TcpClient>();
        var stayed = 0;
        for (var i = 0; i < 16; i++)
        {
            var client = new TcpClient();
            scrapers.Add(client);
            await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
            stayed += (await AskAsync(client)).Contains("Connection: keep-alive", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.InRange(stayed, 7, 9);
        Assert.Contains("\r\n\r\nx 1\n", await AskAsync(scrapers[0]), StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 200 OK", await AskAsync(scrapers[0]), StringComparison.Ordinal);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(90) };
        Assert.Equal("ok\n", await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/healthz"), TestContext.Current.CancellationToken));
        scrapers.ForEach(c => c.Dispose());
        await stop.CancelAsync();
        await serving;
    }

    [Theory]
    [InlineData("GET /healthz HTTP/1.0\r\n\r\n")]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\r\nconnection: Close\r\n\r\n")]
    [InlineData("POST /healthz HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")]
    public async Task Connection_ends_when_it_is_asked_to_or_may_hold_a_body(string request)
    {
        using var stop = new CancellationTokenSource();
        var port = FreePort.Next();
        var serving = new HealthEndpoint($"127.0.0.1:{port}", () => null, () => null, NullLogger.Instance).RunAsync(stop.Token);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(client.GetStream());
        Assert.Contains("Connection: close", await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await stop.CancelAsync();
        await serving;
    }

    private static async Task<string> AskAsync(TcpClient client)
    {
        await client.GetStream().WriteAsync("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        var buffer = new byte[4096];
        var length = 0;
        while (!System.Text.Encoding.ASCII.GetString(buffer, 0, length).EndsWith("x 1\n", StringComparison.Ordinal))
        {
            var read = await client.GetStream().ReadAsync(buffer.AsMemory(length), TestContext.Current.CancellationToken);
            Assert.True(read > 0, "the connection ended");
            length += read;
        }

        return System.Text.Encoding.ASCII.GetString(buffer, 0, length);
    }
}
