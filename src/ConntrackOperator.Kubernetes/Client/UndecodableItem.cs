using System.Text.Json;

namespace ConntrackOperator.Kubernetes.Client;

/// <summary>An object of a list, or of a watch's event, that does not fit the type it is read as.</summary>
/// <param name="Namespace">Its namespace; null for a cluster-scoped object.</param>
/// <param name="Name">Its name.</param>
/// <param name="Message">What does not fit, and where.</param>
public sealed record UndecodableItem(string? Namespace, string Name, string Message)
{
    /// <summary>Whether an exception says that what was read does not fit, rather than that the program can't go on.</summary>
    internal static bool IsMisfit(Exception e) =>
        e is JsonException or NotSupportedException or FormatException or ArgumentException or InvalidOperationException;
}
