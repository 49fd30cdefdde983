using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace ConntrackOperator.Kubernetes.Tests.Sockets;

/// <summary>
/// A server over TLS with whatever certificate the test wants. It answers each request with one widget, or with 401 to a token that it does
/// not know.
/// </summary>
internal sealed class TlsServer : LoopbackServer
{
    private int _connections;

    public TlsServer(X509Certificate2 certificate)
    {
        Certificate = certificate;
        Accept();
    }

    public X509Certificate2 Certificate { get; set; }

    public string Token { get; set; } = "one";

    public Uri Address => new($"https://127.0.0.1:{Port}");

    /// <summary>Connections whose handshake was finished.</summary>
    public int Connections => Volatile.Read(ref _connections);

    protected override async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            await using (var tls = new SslStream(client.GetStream()))
            {
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, Stopped);
                Interlocked.Increment(ref _connections);
                using var reader = new StreamReader(tls, Encoding.ASCII);
                while (await reader.ReadLineAsync(Stopped) is { Length: > 0 })
                {
                    string? token = null;
                    while (await reader.ReadLineAsync(Stopped) is { Length: > 0 } header)
                    {
                        token = header.StartsWith("Authorization: Bearer ", StringComparison.OrdinalIgnoreCase) ? header[22..] : token;
                    }

                    var (status, body) = token == Token
                        ? ("200 OK", """{"metadata":{"name":"a"}}""") : ("401 Unauthorized", """{"kind":"Status","code":401}""");
                    await tls.WriteAsync(Encoding.ASCII.GetBytes(
                        FormattableString.Invariant(
                            $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}")),
                    Stopped);
                }
            }
        }
        catch (Exception e) when (e is IOException or AuthenticationException or OperationCanceledException or ObjectDisposedException)
        {
            // The client would not have it, or the test is over.
        }
    }
}
