namespace ConntrackOperator.Planning.Advice.Facts;

/// <summary>By what entries of one class are grouped; addresses are those before translation, unless said.</summary>
public enum TrafficView
{
    /// <summary>All entries of the class.</summary>
    Class,

    /// <summary>By their source.</summary>
    Source,

    /// <summary>By the network of their source.</summary>
    SourceNetwork,

    /// <summary>By destination and port.</summary>
    Destination,

    /// <summary>By source, destination and port.</summary>
    Pair,

    /// <summary>By the destination's port.</summary>
    Port,

    /// <summary>By translated source, and destination and port after translation; over all classes.</summary>
    Translation,
}
