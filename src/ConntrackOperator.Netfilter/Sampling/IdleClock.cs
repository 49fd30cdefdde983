using ConntrackOperator.Netfilter.Flows;

namespace ConntrackOperator.Netfilter.Sampling;

/// <summary>How long entries have been idle: their time-out less the seconds that they have left.</summary>
internal sealed class IdleClock
{
    private const uint Unknown = uint.MaxValue;

    private readonly uint[] _timeouts = new uint[FlowClass.Count];

    internal IdleClock(TimeoutTable table)
    {
        for (var i = 0; i < _timeouts.Length; i++)
        {
            var seconds = table.SecondsFor(FlowClass.Protocol(i), FlowClass.State(i), FlowClass.Status(i));
            _timeouts[i] = seconds is >= 0 and < Unknown ? (uint)seconds : Unknown;
        }
    }

    /// <param name="flow">The entry, with its state, status and seconds left.</param>
    /// <param name="seconds">Seconds since its last packet.</param>
    /// <returns>
    /// False when that can't be told: no seconds (offloaded), a time-out that packets don't renew, a state without a known
    /// time-out, or more seconds left than configured (the time-out was shortened since, or is the entry's own).
    /// </returns>
    internal bool TryIdle(scoped in Flow flow, out uint seconds) => TryIdle(FlowClass.Of(flow), flow, out seconds);

    /// <inheritdoc cref="TryIdle(in Flow, out uint)"/>
    internal bool TryIdle(int flowClass, scoped in Flow flow, out uint seconds)
    {
        var timeout = _timeouts[flowClass];
        seconds = timeout - flow.TimeoutSeconds;
        return timeout != Unknown
            && timeout >= flow.TimeoutSeconds
            && (flow.Fields & FlowFields.Timeout) != 0
            && (flow.Status & FlowStatus.FixedTimeout) == 0;
    }
}
