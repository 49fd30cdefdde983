namespace ConntrackOperator.Netfilter.Netlink;

/// <summary>What a dump hands its messages to; a struct, so that the call is direct.</summary>
internal interface IMessageVisitor
{
    /// <summary>One message of the dump.</summary>
    /// <param name="type">Subsystem and operation.</param>
    /// <param name="payload">The message without its header; gone after the call.</param>
    /// <returns>False to stop reading.</returns>
    bool Visit(ushort type, scoped ReadOnlySpan<byte> payload);
}
