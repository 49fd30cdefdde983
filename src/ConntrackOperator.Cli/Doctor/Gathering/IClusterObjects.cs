using System.Text.Json.Nodes;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Cli.Doctor.Gathering;

/// <summary>Objects of a cluster as the API gives them.</summary>
internal interface IClusterObjects
{
    /// <summary>All objects of a kind, in a namespace or in all.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="ns">The namespace; null: all.</param>
    /// <param name="labels">A label selector of the form a=b; null: all.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="ApiException">Among others when the kind is not there, or must not be read.</exception>
    Task<IReadOnlyList<JsonObject>> ListAsync(ResourceType type, string? ns, string? labels, CancellationToken cancel);

    /// <summary>One object.</summary>
    /// <exception cref="ApiException">Among others when it is not there, or must not be read.</exception>
    Task<JsonObject> GetAsync(ResourceType type, string? ns, string name, CancellationToken cancel);
}
