using System.Security.Cryptography.X509Certificates;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Kubernetes.Tests.Sockets;

/// <summary>Whom a client lets speak to it, over real sockets and TLS.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly TestAuthority _authority = new("the cluster's");
    private readonly TestAuthority _another = new("another");
    private readonly string _directory = Directory.CreateTempSubdirectory("certificates-").FullName;

    private string AuthorityFile => Path.Combine(_directory, "ca.crt");

    private string TokenFile => Path.Combine(_directory, "token");

    public void Dispose()
    {
        _authority.Dispose();
        _another.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Server_with_a_certificate_of_the_authority_for_its_address_is_spoken_to()
    {
        using var server = new TlsServer(_authority.Issue("127.0.0.1", TestAuthority.ServerAuthentication));
        Assert.Equal("a", (await GetAsync(Client(server))).Metadata!.Name);
    }

    [Fact]
    public Task Certificate_for_another_address_is_refused() =>
        RefusedAsync(_authority.Issue("127.0.0.2", TestAuthority.ServerAuthentication));

    [Fact]
    public Task Certificate_that_is_for_clients_alone_is_refused() =>
        RefusedAsync(_authority.Issue("127.0.0.1", TestAuthority.ClientAuthentication));

    [Fact]
    public Task Certificate_that_has_expired_is_refused() =>
        RefusedAsync(_authority.Issue("127.0.0.1", TestAuthority.ServerAuthentication, validUntilYear: 2020));

    [Fact]
    public Task Certificate_of_another_authority_is_refused() =>
        RefusedAsync(_another.Issue("127.0.0.1", TestAuthority.ServerAuthentication));

    [Fact]
    public async Task Rotation_of_the_authority_is_followed_without_a_restart()
    {
        using var server = new TlsServer(_authority.Issue("127.0.0.1", TestAuthority.ServerAuthentication));
        // A client of each state: a connection that is there stays, and a new one is judged by the file of now.
        await GetAsync(Client(server));
        await File.WriteAllTextAsync(AuthorityFile, _authority.Pem + "\n" + _another.Pem, TestContext.Current.CancellationToken);
        var running = Connect(server);
        await GetAsync(running);
        server.Certificate = _another.Issue("127.0.0.1", TestAuthority.ServerAuthentication);
        await GetAsync(Connect(server));
        await File.WriteAllTextAsync(AuthorityFile, _another.Pem, TestContext.Current.CancellationToken);
        await GetAsync(Connect(server));
        await GetAsync(running);
        // Nobody is trusted any more who was in the file before.
        server.Certificate = _authority.Issue("127.0.0.1", TestAuthority.ServerAuthentication);
        Assert.Equal("Network", (await Assert.ThrowsAsync<ApiException>(() => GetAsync(Connect(server)))).Reason);
        // A file that is half written leaves what was known.
        var late = Connect(server);
        await File.WriteAllTextAsync(AuthorityFile, "-----BEGIN CERTIFICATE-----", TestContext.Current.CancellationToken);
        server.Certificate = _another.Issue("127.0.0.1", TestAuthority.ServerAuthentication);
        await GetAsync(late);
    }

    [Fact]
    public async Task Rotated_token_is_read_when_the_server_refuses_the_old_one_over_the_same_connection()
    {
        using var server = new TlsServer(_authority.Issue("127.0.0.1", TestAuthority.ServerAuthentication));
        var client = Client(server);
        await GetAsync(client);
        await File.WriteAllTextAsync(TokenFile, "two\n", TestContext.Current.CancellationToken);
        server.Token = "two";
        await GetAsync(client);
        Assert.Equal(1, server.Connections);
        server.Token = "three";
        Assert.True((await Assert.ThrowsAsync<ApiException>(() => GetAsync(client))).IsUnauthorized);
    }

    private async Task RefusedAsync(X509Certificate2 certificate)
    {
        using var server = new TlsServer(certificate);
        var e = await Assert.ThrowsAsync<ApiException>(() => GetAsync(Client(server)));
        Assert.Equal("Network", e.Reason);
        Assert.Contains("RemoteCertificateValidationCallback", e.InnerException!.ToString(), StringComparison.Ordinal);
    }

    private ApiClient Client(TlsServer server)
    {
        File.WriteAllText(AuthorityFile, _authority.Pem);
        File.WriteAllText(TokenFile, "one");
        return Connect(server);
    }

    private ApiClient Connect(TlsServer server) =>
        new ServerConnection { Server = server.Address, CertificateAuthorityFile = AuthorityFile, TokenFile = TokenFile }.Connect();

    private static Task<Widget> GetAsync(ApiClient client) =>
        client.GetAsync(Widget.Type, null, "a", WidgetJson.Default.Widget, TestContext.Current.CancellationToken);
}
