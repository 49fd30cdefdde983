namespace ConntrackOperator.Kubernetes.Client;

/// <summary>The API as a pod reaches it, by its service account.</summary>
public static class InCluster
{
    /// <summary>Where the kubelet puts a service account's files.</summary>
    public const string DefaultDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Whether this process runs in a pod with a service account.</summary>
    public static bool IsAvailable =>
        Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST") is { Length: > 0 }
        && File.Exists(Path.Combine(DefaultDirectory, "token"));

    /// <summary>Makes a client from the environment and the service account's files.</summary>
    /// <exception cref="InvalidOperationException">This is not a pod: a variable is missing.</exception>
    /// <exception cref="IOException">The certificate file cannot be read.</exception>
    public static ApiClient Create(ApiClientOptions? options = null, TimeProvider? time = null) =>
        Describe(Environment.GetEnvironmentVariable, DefaultDirectory).Connect(options, time);

    /// <summary>The namespace that this pod is in; null outside of a pod.</summary>
    public static string? Namespace()
    {
        var path = Path.Combine(DefaultDirectory, "namespace");
        return File.Exists(path) ? File.ReadAllText(path).Trim() : null;
    }

    internal static ServerConnection Describe(Func<string, string?> environment, string directory)
    {
        var host = Required(environment, "KUBERNETES_SERVICE_HOST");
        var port = environment("KUBERNETES_SERVICE_PORT_HTTPS") is { Length: > 0 } https
            ? https
            : Required(environment, "KUBERNETES_SERVICE_PORT");
        // An IPv6 address stands in brackets in a URL.
        var authority = host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('[') ? $"[{host}]" : host;
        return new()
        {
            Server = new Uri($"https://{authority}:{port}"),
            CertificateAuthorityFile = Path.Combine(directory, "ca.crt"),
            TokenFile = Path.Combine(directory, "token"),
        };
    }

    private static string Required(Func<string, string?> environment, string name) =>
        environment(name) is { Length: > 0 } value
            ? value
            : throw new InvalidOperationException($"{name} is not set: this does not run in a pod.");
}
