using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Idle;

namespace ConntrackOperator.Netfilter.Tests.Idle;

/// <summary>Time-outs that have been the same ever since the boot, and entries to tell the idle time of.</summary>
internal static class Held
{
    internal static IdleClock Clock(IReadOnlyDictionary<string, long> seconds) => new(
        Always(new ConfiguredTimeouts { At = TimeSpan.FromDays(30), Sysctls = seconds }),
        new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UnixEpoch + TimeSpan.FromDays(30)));

    internal static TimeoutHistory Always(ConfiguredTimeouts look)
    {
        var begun = TimeoutHistory.Begin(look);
        return begun with { Since = TimeSpan.MinValue, Spans = [.. begun.Spans.Select(s => s with { From = TimeSpan.MinValue })] };
    }

    internal static Flow Flow(
        byte protocol, byte state, uint left, FlowStatus status = FlowStatus.SeenReply | FlowStatus.Assured, byte? tcpFlags = 0)
    {
        Flow flow = default;
        flow.OriginalTuple.ProtocolNumber = protocol;
        flow.State = state;
        flow.Status = status;
        flow.TimeoutSeconds = left;
        flow.TcpFlagsOriginal = tcpFlags ?? 0;
        flow.Fields = FlowFields.Timeout | FlowFields.State | FlowFields.Status | (tcpFlags is null ? 0 : FlowFields.TcpFlags);
        return flow;
    }
}
