namespace ConntrackOperator.Engine.Culprits;

/// <summary>Says who probably keeps overwriting a key, and what to change there.</summary>
public interface IOverwriteSourceFinder
{
    /// <summary>A sentence for people.</summary>
    /// <param name="name">The sysctl's name under net.netfilter.</param>
    /// <param name="found">The value that was found instead of the planned one.</param>
    string Describe(string name, long? found);
}
