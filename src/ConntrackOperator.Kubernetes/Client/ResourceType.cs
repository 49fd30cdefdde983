using ConntrackOperator.Api;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>One kind of object of the API, and where it is served.</summary>
/// <param name="Group">The API group; empty for the core group.</param>
/// <param name="Version">The version, such as <c>v1</c>.</param>
/// <param name="Plural">The name in paths and RBAC rules, such as <c>nodes</c>.</param>
/// <param name="Kind">The kind, such as <c>Node</c>.</param>
/// <param name="Namespaced">Whether its objects live in namespaces.</param>
public readonly record struct ResourceType(string Group, string Version, string Plural, string Kind, bool Namespaced)
{
    /// <summary>conntrack.dev ConntrackPolicy.</summary>
    public static ResourceType ConntrackPolicy { get; } =
        new(ApiGroup.Name, ApiGroup.Version, Api.Policies.ConntrackPolicy.PluralName, Api.Policies.ConntrackPolicy.KindName, false);

    /// <summary>conntrack.dev ConntrackNode.</summary>
    public static ResourceType ConntrackNode { get; } =
        new(ApiGroup.Name, ApiGroup.Version, Api.Nodes.ConntrackNode.PluralName, Api.Nodes.ConntrackNode.KindName, false);

    /// <summary>conntrack.dev ConntrackFlush.</summary>
    public static ResourceType ConntrackFlush { get; } =
        new(ApiGroup.Name, ApiGroup.Version, Api.Flushes.ConntrackFlush.PluralName, Api.Flushes.ConntrackFlush.KindName, false);

    /// <summary>core/v1 Node.</summary>
    public static ResourceType Node { get; } = new("", "v1", "nodes", "Node", false);

    /// <summary>core/v1 Pod.</summary>
    public static ResourceType Pod { get; } = new("", "v1", "pods", "Pod", true);

    /// <summary>core/v1 Service.</summary>
    public static ResourceType Service { get; } = new("", "v1", "services", "Service", true);

    /// <summary>apps/v1 Deployment.</summary>
    public static ResourceType Deployment { get; } = new("apps", "v1", "deployments", "Deployment", true);

    /// <summary>apps/v1 DaemonSet.</summary>
    public static ResourceType DaemonSet { get; } = new("apps", "v1", "daemonsets", "DaemonSet", true);

    /// <summary>coordination.k8s.io/v1 Lease.</summary>
    public static ResourceType Lease { get; } = new("coordination.k8s.io", "v1", "leases", "Lease", true);

    /// <summary>events.k8s.io/v1 Event.</summary>
    public static ResourceType Event { get; } = new("events.k8s.io", "v1", "events", "Event", true);

    /// <summary>What an object's <c>apiVersion</c> says: <c>group/version</c>, or the version alone in the core group.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The name as in <c>kubectl api-resources</c> and RBAC messages: <c>plural.group</c>.</summary>
    public string QualifiedName => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    /// <summary>The absolute path of the collection, an object, or an object's subresource.</summary>
    /// <param name="namespaceName">The namespace. Null for cluster-scoped kinds, and for the collection over all namespaces.</param>
    /// <param name="name">The object's name; null for the collection.</param>
    /// <param name="subresource">Such as <c>status</c>; null for the object itself.</param>
    /// <exception cref="ArgumentException">A namespace for a cluster-scoped kind, a name without the namespace that
    /// it needs, or a subresource without a name.</exception>
    public string Path(string? namespaceName, string? name = null, string? subresource = null)
    {
        if (namespaceName is not null && !Namespaced)
        {
            throw new ArgumentException($"{Kind} is cluster-scoped: it takes no namespace.", nameof(namespaceName));
        }

        if (namespaceName is null && name is not null && Namespaced)
        {
            throw new ArgumentException($"{Kind} is namespaced: '{name}' needs a namespace.", nameof(namespaceName));
        }

        if (name is null && subresource is not null)
        {
            throw new ArgumentException($"The subresource '{subresource}' needs a name.", nameof(name));
        }

        var path = Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";
        if (namespaceName is not null)
        {
            path += $"/namespaces/{Uri.EscapeDataString(namespaceName)}";
        }

        path += $"/{Plural}";
        if (name is not null)
        {
            path += $"/{Uri.EscapeDataString(name)}";
        }

        return subresource is null ? path : $"{path}/{subresource}";
    }
}
