using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using ConntrackOperator.Kubernetes.Client;
using k8s;
using k8s.Exceptions;

namespace ConntrackOperator.Cluster;

/// <summary>
/// From a kubeconfig, read by KubernetesClient with all its ways to authenticate, to this project's transport. In a pod
/// without a kubeconfig: the service account.
/// </summary>
public static class KubeconfigConnection
{
    /// <summary>Connects; nothing is sent yet.</summary>
    /// <param name="kubeconfig">The file; null: $KUBECONFIG, then ~/.kube/config.</param>
    /// <param name="context">The context; null: the current one.</param>
    /// <param name="options">The limits and the user agent.</param>
    /// <exception cref="KubeConfigException">There is no kubeconfig, or it is not valid.</exception>
    public static ApiClient Connect(string? kubeconfig, string? context, ApiClientOptions options)
    {
        if (kubeconfig is null && context is null && !HasKubeconfig() && InCluster.IsAvailable)
        {
            return InCluster.Create(options);
        }

        try
        {
            var config = Read(kubeconfig, context);
            var http = new HttpClient(Handler(config)) { Timeout = Timeout.InfiniteTimeSpan };
            var credentials = new RenewedCredentials(config, () => Read(kubeconfig, context));
            var more = options.Unauthorized;
            return new ApiClient(
                http, new Uri(config.Host), credentials.AuthenticateAsync,
                options with
                {
                    Unauthorized = () =>
                    {
                        credentials.Forget();
                        more?.Invoke();
                    },
                });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException
            or System.Security.Cryptography.CryptographicException or YamlDotNet.Core.YamlException)
        {
            throw new KubeConfigException($"the kubeconfig can't be read: {e.Message}", e);
        }
    }

    /// <summary>The handler for a kubeconfig's current context, as a connection would have it.</summary>
    internal static SocketsHttpHandler CreateHandler(string kubeconfig) => Handler(Read(kubeconfig, null));

    private static bool HasKubeconfig() => Variable is { Length: > 0 } || File.Exists(DefaultFile);

    private static string? Variable => Environment.GetEnvironmentVariable("KUBECONFIG");

    private static string DefaultFile => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube", "config");

    /// <summary>The file named, or those of $KUBECONFIG, or the one in the home directory.</summary>
    private static KubernetesClientConfiguration Read(string? kubeconfig, string? context)
    {
        var files = kubeconfig is not null ? [kubeconfig] : (Variable ?? string.Empty).Split(':', StringSplitOptions.RemoveEmptyEntries);
        if (files.Length > 1)
        {
            if (context is null)
            {
                // Merges them, which KubernetesClient does for the current context only.
                return KubernetesClientConfiguration.BuildDefaultConfig();
            }

            files = [files.FirstOrDefault(file => File.Exists(file) && HasContext(file, context)) ?? files[0]];
        }

        return KubernetesClientConfiguration.BuildConfigFromConfigFile(files.Length == 1 ? files[0] : DefaultFile, context);
    }

    private static bool HasContext(string file, string context) =>
        KubernetesClientConfiguration.LoadKubeConfig(file).Contexts?.Any(c => c.Name == context) == true;

    private static SocketsHttpHandler Handler(KubernetesClientConfiguration config)
    {
        var handler = ServerConnection.CreateKeptHandler();
        if (config.TlsServerName is { Length: > 0 } name)
        {
            handler.SslOptions.TargetHost = name;
        }

        if (ClientCertificate(config) is { } certificate)
        {
            handler.SslOptions.ClientCertificates = [certificate];
        }

        if (config.SkipTlsVerify)
        {
#pragma warning disable CA5359 // The kubeconfig asks for it: insecure-skip-tls-verify.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (config.SslCaCerts is { Count: > 0 } authorities)
        {
            // KubernetesClient's own callback takes a certificate for another name when its authority is right.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, presented, errors) =>
                IsTrusted(certificate, presented, errors, authorities);
        }

        return handler;
    }

    // The data go before the files, as in kubectl.
    private static X509Certificate2? ClientCertificate(KubernetesClientConfiguration config)
    {
        var certificate = Pem(config.ClientCertificateData, config.ClientCertificateFilePath);
        var key = Pem(config.ClientCertificateKeyData, config.ClientKeyFilePath);
        return certificate is null || key is null ? null : X509Certificate2.CreateFromPem(certificate, key);
    }

    private static string? Pem(string? data, string? file) =>
        data is { Length: > 0 } ? Encoding.UTF8.GetString(Convert.FromBase64String(data))
        : file is { Length: > 0 } ? File.ReadAllText(file)
        : null;

    private static bool IsTrusted(
        X509Certificate? certificate, X509Chain? presented, SslPolicyErrors errors, X509Certificate2Collection authorities)
    {
        if (certificate is null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (presented is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        }

        using var server = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return chain.Build(server);
    }
}
