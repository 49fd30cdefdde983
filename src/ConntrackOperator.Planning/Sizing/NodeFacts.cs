namespace ConntrackOperator.Planning.Sizing;

/// <summary>What planning needs to know of a node.</summary>
/// <param name="Name">The node's name, as in its Kubernetes object.</param>
/// <param name="Labels">The node's labels.</param>
/// <param name="Cores">Cores of the machine; 0: unknown.</param>
/// <param name="MemoryBytes">Memory of the machine in bytes; 0: unknown. A table's size is then refused with reason FactsUnknown, since the
/// memory limit can't be checked.</param>
public sealed record NodeFacts(string Name, IReadOnlyDictionary<string, string> Labels, int Cores, long MemoryBytes);
