namespace ConntrackOperator.Netfilter.Survey;

/// <summary>
/// By what entries of one <see cref="TrafficClass"/> are grouped. Addresses are those of the original direction unless said.
/// </summary>
public enum TrafficView
{
    /// <summary>Nothing else: all entries of the class.</summary>
    Class,

    /// <summary>Their source.</summary>
    Source,

    /// <summary>The network of their source: 16 bits of IPv4, 32 of IPv6.</summary>
    SourceNetwork,

    /// <summary>Their destination and its port.</summary>
    Destination,

    /// <summary>Source, destination and port.</summary>
    Pair,

    /// <summary>The destination's port.</summary>
    Port,

    /// <summary>
    /// Where the source is translated: the translated source, and the destination and its port as they are after translation. Over all
    /// classes.
    /// </summary>
    Translation,
}
