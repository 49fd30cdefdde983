using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Kubernetes.Tests.RealServer;

/// <summary>What a real API server does to its clients now and then, on a server of its own that does it all the time.</summary>
public sealed class ServersWhimsTests : IAsyncLifetime
{
    private TestApiServer? _server;

    public async ValueTask InitializeAsync()
    {
        if (TestApiServer.Unavailable is null)
        {
            // One request in fifty is the most that it allows. Without its cache a page that follows comes from etcd, which forgets.
            _server = await TestApiServer.StartAsync("--goaway-chance", "0.02", "--watch-cache=false");
            await RealApiServerFixture.DefineAsync(_server);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Fact]
    public async Task Goaway_costs_no_call_no_list_and_no_event()
    {
        Assert.SkipUnless(_server is not null, TestApiServer.Unavailable ?? "");
        var connections = 0;
        var connection = new ServerConnection { Server = _server.BaseAddress, CertificateAuthorityFile = _server.CertificateAuthorityFile };
        using var handler = connection.CreateHandler();
        handler.ConnectCallback = async (context, ct) =>
        {
            Interlocked.Increment(ref connections);
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, ct);
            return new NetworkStream(socket, ownsSocket: true);
        };
        using var http = new HttpClient(handler);
        http.DefaultRequestHeaders.Authorization = new("Bearer", _server.Token);
        var client = new ApiClient(http, _server.BaseAddress);
        var changes = new ConcurrentQueue<string>();
        var watcher = new Informer<Widget>(client, Widget.Type, WidgetJson.Default.Widget);
        watcher.Changed += change => changes.Enqueue(change.Key.Name);
        using var stop = new CancellationTokenSource();
        var running = watcher.RunAsync(stop.Token);
        await watcher.WaitForSyncAsync(Token);
        var made = 0;
        for (; connections < 6 && made < 3000; made++)
        {
            await client.CreateAsync(Widget.Type, null, Widget.Named(Name(made)), WidgetJson.Default.Widget, Token);
        }

        Assert.True(connections >= 6, $"{connections} connections after {made} calls");
        await Eventually.UntilAsync(() => changes.Count == made, "every change arrives");
        Assert.Equal(Enumerable.Range(0, made).Select(Name), changes);
        Assert.Equal((1, 0), (watcher.Lists, watcher.Failures));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task List_whose_versions_are_compacted_between_two_pages_is_whole_all_the_same()
    {
        Assert.SkipUnless(_server is not null, TestApiServer.Unavailable ?? "");
        var client = _server.CreateClient();
        for (var i = 0; i < 7; i++)
        {
            await client.CreateAsync(Widget.Type, null, Widget.Named(Name(i)), WidgetJson.Default.Widget, Token);
        }

        var compacted = 0;
        using var handler = new ServerConnection
        {
            Server = _server.BaseAddress,
            CertificateAuthorityFile = _server.CertificateAuthorityFile,
        }.CreateHandler();
        using var http = new HttpClient(new BeforeSecondPage(handler, async () =>
        {
            compacted++;
            await client.CreateAsync(Widget.Type, null, Widget.Named("x-late"), WidgetJson.Default.Widget, Token);
            var last = await client.CreateAsync(Widget.Type, null, Widget.Named("x-later"), WidgetJson.Default.Widget, Token);
            await _server.CompactAsync(last.Metadata!.ResourceVersion!);
        }));
        http.DefaultRequestHeaders.Authorization = new("Bearer", _server.Token);
        var watcher = new Informer<Widget>(
            new ApiClient(http, _server.BaseAddress), Widget.Type, WidgetJson.Default.Widget,
            new() { PageSize = 3, MinBackOff = TimeSpan.FromMilliseconds(50) });
        using var stop = new CancellationTokenSource();
        var running = watcher.RunAsync(stop.Token);
        await watcher.WaitForSyncAsync(Token);
        await Eventually.UntilAsync(() => watcher.Store.Count == 9);
        Assert.Equal((1, 1), (compacted, watcher.Failures));
        Assert.Contains("410", watcher.LastFailure, StringComparison.Ordinal);
        await stop.CancelAsync();
        await running;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Name(int i) => "w" + i.ToString("0000", CultureInfo.InvariantCulture);

    private sealed class BeforeSecondPage(HttpMessageHandler inner, Func<Task> act) : DelegatingHandler(inner)
    {
        private bool _done;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!_done && request.RequestUri!.Query.Contains("continue=", StringComparison.Ordinal))
            {
                _done = true;
                await act();
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }
}
