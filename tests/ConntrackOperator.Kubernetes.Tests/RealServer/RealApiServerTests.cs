using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Kubernetes.Tests.RealServer;

/// <summary>The runtime against Kubernetes' own code and a real etcd.</summary>
public sealed class RealApiServerTests(RealApiServerFixture fixture) : ServerBehaviour
{
    [Fact]
    public async Task Watcher_gets_over_a_restart_of_the_server_without_losing_or_repeating_anything()
    {
        var server = (TestApiServer)Server();
        var changes = new List<string>();
        var watcher = new Informer<Widget>(
            server.CreateClient(), Widget.Type, WidgetJson.Default.Widget, new() { FieldSelector = $"metadata.name={Name("a")}" });
        watcher.Changed += change => changes.Add($"{change.Kind}");
        using var stop = new CancellationTokenSource();
        var running = watcher.RunAsync(stop.Token);
        await watcher.WaitForSyncAsync(Token);
        await CreateAsync(Name("a"), 1);
        await Eventually.UntilAsync(() => watcher.Store.Count == 1);
        await server.RestartAsync();
        await PatchAsync(Name("a"), """{"spec":{"size":2}}""", null);
        await Eventually.UntilAsync(() => watcher.Store.TryGet(Name("a"), out var a) && a.Spec!.Size == 2);
        Assert.Equal(["Added", "Modified"], changes);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Http2_carries_the_watch_and_the_writes_over_one_connection()
    {
        var versions = new List<Version>();
        var server = (TestApiServer)Server();
        using var handler = new ServerConnection
        {
            Server = server.BaseAddress,
            CertificateAuthorityFile = server.CertificateAuthorityFile,
        }.CreateHandler();
        using var http = new HttpClient(new Spy(handler, versions));
        http.DefaultRequestHeaders.Authorization = new("Bearer", server.Token);
        var client = new ApiClient(http, server.BaseAddress);
        await client.ListAsync(Widget.Type, null, new(), WidgetJson.Default.Widget, Token);
        Assert.Equal([new Version(2, 0)], versions);
    }

    [Fact]
    public async Task Finalizer_that_the_server_will_not_have_is_no_conflict()
    {
        var finalizer = new Finalizer<Widget>(Server().CreateClient(), Widget.Type, WidgetJson.Default.Widget, "not a name/that may be");
        var e = await Assert.ThrowsAsync<ApiException>(async () => await finalizer.EnsureAsync(await CreateAsync(Name("a"), 1), Token));
        Assert.True(e is { IsInvalid: true, IsRefused: true, IsFailedTest: false, IsConflict: false });
    }

    [Fact]
    public async Task Server_whose_certificate_another_authority_signed_is_not_spoken_to()
    {
        var server = (TestApiServer)Server();
        var file = Path.GetTempFileName();
        try
        {
            using var key = ECDsa.Create();
            var request = new CertificateRequest("CN=another", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            using var authority = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
            await File.WriteAllTextAsync(file, authority.ExportCertificatePem(), Token);
            var client = new ServerConnection
            {
                Server = server.BaseAddress,
                CertificateAuthorityFile = file,
                Token = server.Token,
            }.Connect();
            var e = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(Widget.Type, null, "a", WidgetJson.Default.Widget, Token));
            Assert.Equal("Network", e.Reason);
            // The authority is exchanged under the running client.
            File.Copy(server.CertificateAuthorityFile, file, overwrite: true);
            e = await Assert.ThrowsAsync<ApiException>(() => client.GetAsync(Widget.Type, null, "a", WidgetJson.Default.Widget, Token));
            Assert.True(e.IsNotFound);
        }
        finally
        {
            File.Delete(file);
        }
    }

    protected override IApiServer Server()
    {
        Assert.SkipUnless(fixture.Server is not null, TestApiServer.Unavailable ?? "");
        return fixture.Server!;
    }

    private sealed class Spy(HttpMessageHandler inner, List<Version> versions) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            versions.Add(response.Version);
            return response;
        }
    }
}
