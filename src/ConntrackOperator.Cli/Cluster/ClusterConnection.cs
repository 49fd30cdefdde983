using ConntrackOperator.Cluster;
using ConntrackOperator.Kubernetes.Client;
using k8s.Exceptions;

namespace ConntrackOperator.Cli.Cluster;

/// <summary>The cluster that the person means.</summary>
internal static class ClusterConnection
{
    private static readonly ApiClientOptions _options = new() { UserAgent = "kubectl-conntrack", TimeLimit = TimeSpan.FromSeconds(20) };

    /// <exception cref="CliException">There is no kubeconfig, or it is not valid.</exception>
    public static ClusterReader Open(string? kubeconfig, string? context) => new(Connect(kubeconfig, context));

    /// <summary>The same without what is read from it.</summary>
    /// <exception cref="CliException">There is no kubeconfig, or it is not valid.</exception>
    public static ApiClient Connect(string? kubeconfig, string? context)
    {
        try
        {
            return KubeconfigConnection.Connect(kubeconfig, context, _options);
        }
        catch (KubeConfigException e)
        {
            throw new CliException(
                ExitCode.Failure,
                $"no cluster: {e.Message.TrimEnd('.')}. Name one with --kubeconfig or KUBECONFIG, or use the commands under `host` for "
                    + "this machine alone", e);
        }
    }
}
