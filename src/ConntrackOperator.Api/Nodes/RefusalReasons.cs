namespace ConntrackOperator.Api.Nodes;

/// <summary>Why a plan leaves out what a policy asks: the reasons of <see cref="NodeSpec.Refused"/>.</summary>
public static class RefusalReasons
{
    /// <summary>The full table would take more of the node's memory than the policy allows.</summary>
    public const string OverMemoryLimit = "OverMemoryLimit";

    /// <summary>The node's cores or memory are not known.</summary>
    public const string FactsUnknown = "FactsUnknown";

    /// <summary>All policies of the node together set more sysctls without a field than a plan holds.</summary>
    public const string TooManySysctls = "TooManySysctls";

    /// <summary>Two policies together would put the low threshold of IPv6 fragments above the high one.</summary>
    public const string AboveHighThreshold = "AboveHighThreshold";
}
