namespace ConntrackOperator.Netfilter.Matching;

/// <summary>Which version of IP.</summary>
public enum FlowFamily
{
    /// <summary>Either.</summary>
    Any,

    /// <summary>IPv4.</summary>
    IPv4,

    /// <summary>IPv6.</summary>
    IPv6,
}
