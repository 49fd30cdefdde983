using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>Where an API server is and how to be let in: what a kubeconfig says, as plain options.</summary>
public sealed record ServerConnection
{
    /// <summary>The server's URL.</summary>
    public required Uri Server { get; init; }

    /// <summary>A PEM file with the authorities to trust; null: those of the system.</summary>
    public string? CertificateAuthorityFile { get; init; }

    /// <summary>A file with a bearer token that is read again when it changes; null: none.</summary>
    public string? TokenFile { get; init; }

    /// <summary>A fixed bearer token; <see cref="TokenFile"/> goes first.</summary>
    public string? Token { get; init; }

    /// <summary>A PEM file with a client certificate; needs <see cref="ClientKeyFile"/>.</summary>
    public string? ClientCertificateFile { get; init; }

    /// <summary>A PEM file with the client certificate's key.</summary>
    public string? ClientKeyFile { get; init; }

    /// <summary>Makes a client with connections of its own, for the life of the process.</summary>
    /// <exception cref="IOException">A certificate file cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A certificate file holds no certificate.</exception>
    public ApiClient Connect(ApiClientOptions? options = null, TimeProvider? time = null)
    {
        options ??= new();
        var http = new HttpClient(CreateHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        if (TokenFile is { Length: > 0 } path)
        {
            var file = new BearerTokenFile(path, time);
            var more = options.Unauthorized;
            options = options with { Unauthorized = () => { file.Forget(); more?.Invoke(); } };
            return new(http, Server, file.AuthenticateAsync, options, time);
        }

        if (Token is { Length: > 0 } token)
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return new(http, Server, null, options, time);
    }

    /// <summary>A handler whose connections are kept, and found out about when they are dead: a watch may be silent for minutes.</summary>
    public static SocketsHttpHandler CreateKeptHandler() => new()
    {
        UseCookies = false,
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        // Notices a dead connection long before the watch's idle limit, and keeps the node's own entry for this
        // connection from timing out.
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        // The connection is kept as long as it lives: on a node whose table is full there may be no other.
        PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
    };

    internal SocketsHttpHandler CreateHandler()
    {
        var handler = CreateKeptHandler();
        // The API server is never behind the proxy that a node's environment may name for the world outside.
        handler.UseProxy = false;
        if (CertificateAuthorityFile is { Length: > 0 } authority)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = new RemoteCertificateValidationCallback(
                new TrustedCertificates(authority).Validate);
        }

        if (ClientCertificateFile is { Length: > 0 } certificate)
        {
            handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, ClientKeyFile)];
        }

        return handler;
    }
}
