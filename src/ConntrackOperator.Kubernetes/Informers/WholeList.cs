namespace ConntrackOperator.Kubernetes.Informers;

/// <summary>A collection at one version.</summary>
/// <param name="Items">Its objects.</param>
/// <param name="Undecodable">Those that do not fit the type, with what does not fit.</param>
/// <param name="Version">The version that a watch goes on from.</param>
internal sealed record WholeList<T>(List<T> Items, Dictionary<ObjectKey, string> Undecodable, string Version);
