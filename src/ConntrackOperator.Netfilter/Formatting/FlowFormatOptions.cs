namespace ConntrackOperator.Netfilter.Formatting;

/// <summary>What <see cref="FlowFormat.Tool"/> shows besides the usual, by the names that <c>conntrack -o</c> has for it.</summary>
public sealed record FlowFormatOptions
{
    /// <summary><c>-o extended</c>: the network protocol in front.</summary>
    public bool Extended { get; init; }

    /// <summary><c>-o id</c>: the entry's identity.</summary>
    public bool Id { get; init; }

    /// <summary><c>-o ktimestamp</c>: when the entry began and ended, in local time. Needs nf_conntrack_timestamp.</summary>
    public bool Timestamps { get; init; }
}
