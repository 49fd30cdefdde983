namespace ConntrackOperator.Netfilter.Netlink;

/// <summary>How a dump ended, when it did not fail.</summary>
internal enum DumpOutcome
{
    /// <summary>Everything was seen.</summary>
    Complete,

    /// <summary>Everything was sent, and the kernel says that the table changed in a way that may hide or repeat entries.</summary>
    Interrupted,

    /// <summary>The visitor had enough. The socket still holds the rest: close it.</summary>
    Stopped,
}
