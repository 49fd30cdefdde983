using ConntrackOperator.Api.Meta;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Controller.Logging;
using ConntrackOperator.Kubernetes.Client;
using Microsoft.Extensions.Logging;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>
/// The controller's own Deployment, as the owner of what the controller makes in its namespace: however the operator is removed, no
/// privileged pods and no lease stay behind, and tools that prune take neither for something of their own.
/// </summary>
internal sealed class DeploymentOwner(ApiClient api, ControllerOptions options, ILogger log)
{
    private volatile OwnerReference? _reference;
    private volatile bool _isMissing;

    /// <summary>As it was found last; null: not found yet, or there is none.</summary>
    public OwnerReference? Reference => _reference;

    /// <summary>Whether an object has the owner, as far as it is known; true when there is none to be had.</summary>
    public bool IsOn(IKubernetesObject item) =>
        options.Deployment is null || _isMissing
            || (_reference is { } owner && (item.Metadata?.OwnerReferences?.Exists(o => o.Uid == owner.Uid) ?? false));

    /// <summary>Looks it up.</summary>
    /// <returns>Null: there is none, or it can't be read; that is no reason not to run agents.</returns>
    public async Task<OwnerReference?> FindAsync(CancellationToken cancellationToken)
    {
        if (options.Deployment is not { } name)
        {
            return null;
        }

        try
        {
            var deployment = await api.GetAsync(
                ResourceType.Deployment, options.Namespace, name, ClusterJson.Default.DaemonSetObject, cancellationToken);
            _reference = new OwnerReference
            {
                ApiVersion = ResourceType.Deployment.ApiVersion,
                Kind = ResourceType.Deployment.Kind,
                Name = name,
                Uid = deployment.Metadata?.Uid,
            };
            _isMissing = false;
        }
        catch (ApiException e) when (!e.IsTransient)
        {
            _reference = null;
            if (!_isMissing)
            {
                _isMissing = true;
                log.DeploymentUnreadable(e, $"{options.Namespace}/{name}");
            }
        }

        return _reference;
    }
}
