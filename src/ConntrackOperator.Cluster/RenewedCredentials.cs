using k8s;
using k8s.Authentication;

namespace ConntrackOperator.Cluster;

/// <summary>
/// What a kubeconfig says of who is asking, read again when the server does not know it any more: tokens and the files that hold them
/// are replaced while a command watches. Thread-safe.
/// </summary>
/// <param name="config">The kubeconfig as read.</param>
/// <param name="read">Reads it anew.</param>
internal sealed class RenewedCredentials(KubernetesClientConfiguration config, Func<KubernetesClientConfiguration> read)
{
    private readonly Lock _lock = new();
    private ServiceClientCredentials? _current = k8s.Kubernetes.CreateCredentials(config);
    private bool _isRefused;

    /// <summary>Adds them to a request.</summary>
    public async ValueTask AuthenticateAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ServiceClientCredentials? credentials;
        lock (_lock)
        {
            if (_isRefused)
            {
                // By KubernetesClient: a program named there is run anew, a token file read.
                _current = k8s.Kubernetes.CreateCredentials(read());
                _isRefused = false;
            }

            credentials = _current;
        }

        if (credentials is not null)
        {
            await credentials.ProcessHttpRequestAsync(request, cancellationToken);
        }
    }

    /// <summary>The server has refused them: the next request reads the kubeconfig again.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _isRefused = true;
        }
    }
}
