namespace ConntrackOperator.Netfilter.Formatting;

/// <summary>How an entry is written.</summary>
public enum FlowFormat
{
    /// <summary>As <c>conntrack -L</c> does.</summary>
    Tool,

    /// <summary>As /proc/net/nf_conntrack does.</summary>
    Proc,

    /// <summary>One JSON object a line.</summary>
    Json,
}
