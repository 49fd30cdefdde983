namespace ConntrackOperator.Netfilter.Flows;

/// <summary>
/// Protocol, state, assured and replied packed into one small number, so that what depends on them alone (time-outs, counts,
/// matching) is one look-up an entry.
/// </summary>
internal static class FlowClass
{
    internal const int Count = 256 << 6;

    /// <summary>States that are told apart, of one protocol.</summary>
    internal const int States = MaxState + 1;

    private const int MaxState = 15;

    internal static int Of(scoped in Flow flow) => Of(flow.Protocol, flow.State, flow.Status);

    internal static int Of(byte protocol, byte state, FlowStatus status) =>
        (protocol << 6)
        | (Math.Min((int)state, MaxState) << 2)
        | ((status & FlowStatus.Assured) != 0 ? 2 : 0)
        | ((status & FlowStatus.SeenReply) != 0 ? 1 : 0);

    internal static byte Protocol(int index) => (byte)(index >> 6);

    internal static byte State(int index) => (byte)((index >> 2) & MaxState);

    internal static FlowStatus Status(int index) =>
        ((index & 2) != 0 ? FlowStatus.Assured : FlowStatus.None) | ((index & 1) != 0 ? FlowStatus.SeenReply : FlowStatus.None);

    internal static string StateName(int index) => FlowStates.Name(Protocol(index), State(index), Status(index));
}
