namespace ConntrackOperator.Kubernetes.Transport;

/// <summary>An object of a list that does not fit the type it is read as.</summary>
/// <param name="Namespace">Its namespace; null for a cluster-scoped object.</param>
/// <param name="Name">Its name.</param>
/// <param name="Message">What does not fit, and where.</param>
public sealed record UndecodableItem(string? Namespace, string Name, string Message);
