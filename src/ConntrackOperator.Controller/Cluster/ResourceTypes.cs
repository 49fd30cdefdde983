using ConntrackOperator.Api;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>The resources that the controller works with.</summary>
internal static class ResourceTypes
{
    public static ResourceType Policy { get; } =
        new(ApiGroup.Name, ApiGroup.Version, ConntrackPolicy.PluralName, ConntrackPolicy.KindName, false);

    public static ResourceType ConntrackNode { get; } =
        new(ApiGroup.Name, ApiGroup.Version, Api.Nodes.ConntrackNode.PluralName, Api.Nodes.ConntrackNode.KindName, false);

    public static ResourceType Flush { get; } =
        new(ApiGroup.Name, ApiGroup.Version, ConntrackFlush.PluralName, ConntrackFlush.KindName, false);

    public static ResourceType Deployment { get; } = new("apps", "v1", "deployments", "Deployment", true);

    public static ResourceType DaemonSet { get; } = new("apps", "v1", "daemonsets", "DaemonSet", true);
}
