using ConntrackOperator.Kubernetes.Transport;
using k8s;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>Reaches the API server as a kubeconfig or a pod's service account says; KubernetesClient knows the many ways to log in.</summary>
internal sealed class KubeconfigConnection : IDisposable
{
    private readonly k8s.Kubernetes _client;

    private KubeconfigConnection(KubernetesClientConfiguration configuration)
    {
        // The limits of ApiClient are finer than one for all calls.
        configuration.HttpClientTimeout = Timeout.InfiniteTimeSpan;
        _client = new k8s.Kubernetes(configuration);
    }

    /// <summary>Opens a connection.</summary>
    /// <param name="kubeconfig">A file; null: the pod's service account when this is a pod, else KUBECONFIG or ~/.kube/config.</param>
    /// <param name="context">A context of the file; null: its current one.</param>
    /// <exception cref="k8s.Exceptions.KubeConfigException">The file is missing or not valid.</exception>
    public static KubeconfigConnection Open(string? kubeconfig, string? context) =>
        new(kubeconfig is null && context is null && KubernetesClientConfiguration.IsInCluster()
            ? KubernetesClientConfiguration.InClusterConfig()
            : KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig, context));

    /// <summary>The calls.</summary>
    public ApiClient Client(string userAgent, TimeProvider time) => new(
        _client.HttpClient,
        _client.BaseUri,
        _client.Credentials is { } credentials ? (request, ct) => new ValueTask(credentials.ProcessHttpRequestAsync(request, ct)) : null,
        new ApiClientOptions { UserAgent = userAgent },
        time);

    public void Dispose() => _client.Dispose();
}
