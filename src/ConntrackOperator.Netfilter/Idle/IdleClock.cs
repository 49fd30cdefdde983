using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Idle;

/// <summary>
/// Tells how long entries have been idle, from the seconds that they have left and the time-outs that their last packet can have
/// armed. Not told: entries in a flow table, with a helper (some arm time-outs of their own), with a fixed time-out, with more
/// seconds left than any time-out in question. /proc does not say which entries have a helper: from there theirs is told. A time-out
/// that a program has given an entry itself (<c>conntrack -U</c>, conntrackd) can't be told from one of the kernel's. Packets that the
/// kernel does not count as the entry's, or that do not renew it, don't count here either: out of window, of a connection before from
/// the same port, or a SYN or SYN/ACK again. While a connection opens those are all there is, so it counts as idle for 0 seconds at
/// least. For one reading after the other; not safe for several threads at once.
/// </summary>
public sealed class IdleClock
{
    /// <summary>What has to be decoded for it.</summary>
    internal const FlowFields Needs = FlowFields.Status | FlowFields.State | FlowFields.TcpFlags | FlowFields.Timeout | FlowFields.Helper;

    // IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED in linux/netfilter/nf_conntrack_tcp.h.
    private const int DataUnacknowledged = 0x10;

    // The seconds left are rounded down (nf_ct_expires), and count ticks, which a busy virtual machine has late: seen by up to half a
    // second.
    private const int Below = 2;
    private const int Above = 1;

    private const int EntriesBetweenLooksAtTheClock = 128;

    // The kernel fills a datagram when the one before is taken, and a datagram holds a few hundred entries at most (32 kB): what is told
    // of now was so when some hundreds of entries ago was now, or later.
    private const int LooksKept = 8;

    // A thread may be stopped between two entries. Then the clock is looked at again.
    private const long MostMillisecondsBetweenLooks = 100;

    private const int FlagsClear = 0;
    private const int FlagsSet = 1;
    private const int FlagsUnknown = 2;

    private readonly TimeProvider _time;
    private readonly ushort[] _kinds = new ushort[FlowClass.Count];
    private readonly ArmedTimeout[][] _armed;
    private readonly bool[] _uncounted;
    private readonly long[] _looks = new long[LooksKept];
    private long _earliest;
    private long _now;
    private long _lookedAt;
    private int _calls;

    /// <summary>Makes a clock for readings that begin now.</summary>
    /// <param name="history">Which time-outs may have been armed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="assumeHeld">
    /// Whether to take it that the time-outs that were found first had held before, and that nothing changed while nobody looked. It may
    /// be wrong, so nothing is deleted by it unless a person says that it is right.
    /// </param>
    public IdleClock(TimeoutHistory history, TimeProvider time, bool assumeHeld = false)
    {
        ArgumentNullException.ThrowIfNull(history);
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        History = history;
        AssumesHeld = assumeHeld;
        (_armed, _uncounted) = Sort(new ArmedTimeouts(history, assumeHeld));
        LookAtTheClock();
        Array.Fill(_looks, _now);
        _earliest = _now;
    }

    /// <summary>Which time-outs may have been armed.</summary>
    public TimeoutHistory History { get; }

    /// <summary>Whether it takes it that the time-outs that were found first had held before.</summary>
    public bool AssumesHeld { get; }

    /// <summary>
    /// For how long the time-outs have been watched without a gap; null when they are known for as long as the machine has run.
    /// </summary>
    public TimeSpan? WatchedFor => History.KnownSince == TimeSpan.MinValue ? null : MonotonicTime.Now(_time) - History.KnownSince;

    /// <summary>How long an entry has been idle, when it was read just now.</summary>
    /// <param name="flow">The entry, with its state, TCP flags, status, helper and seconds left.</param>
    public IdleTime Of(scoped in Flow flow) => Of(FlowClass.Of(flow), flow);

    /// <summary>The same clock under the assumption that the time-outs that were found first had held before.</summary>
    internal IdleClock AssumingHeld() => new IdleClock(History, _time, assumeHeld: true).ReadingOnFrom(this);

    /// <summary>Takes the place of another clock amid a reading: what comes next may have been read before this one was made.</summary>
    /// <returns>This clock.</returns>
    internal IdleClock ReadingOnFrom(IdleClock earlier)
    {
        earlier._looks.CopyTo(_looks, 0);
        (_earliest, _calls) = (earlier._earliest, earlier._calls);
        return this;
    }

    internal IdleTime Of(int flowClass, scoped in Flow flow)
    {
        var renewed = SinceRenewal(flowClass, flow);
        return _uncounted[_kinds[flowClass]] ? renewed with { LeastSeconds = 0 } : renewed;
    }

    /// <summary>Whether packets may pass in this state that don't renew the time-out.</summary>
    internal bool LetsPacketsPassUncounted(int flowClass) => _uncounted[_kinds[flowClass]];

    /// <summary>How long ago the entry's time-out was armed: what a shorter one would go by.</summary>
    internal IdleTime SinceRenewal(int flowClass, scoped in Flow flow)
    {
        if ((++_calls & (EntriesBetweenLooksAtTheClock - 1)) == 0)
        {
            LookAtTheClock();
            ref var oldest = ref _looks[_calls / EntriesBetweenLooksAtTheClock % LooksKept];
            (_earliest, oldest) = (oldest, _now);
        }
        else if (Environment.TickCount64 - _lookedAt > MostMillisecondsBetweenLooks)
        {
            LookAtTheClock();
        }

        if ((flow.Fields & FlowFields.Timeout) == 0
            || (flow.Status & (FlowStatus.FixedTimeout | FlowStatus.Offload | FlowStatus.HardwareOffload)) != 0
            || (flow.Fields & FlowFields.Helper) != 0
            || (flow.Protocol == Native.IPPROTO_GRE && (flow.Status & FlowStatus.Expected) != 0))
        {
            // The last: nf_conntrack_pptp gives the GRE entries that it expects hours of their own.
            return IdleTime.Unknown;
        }

        var kind = _kinds[flowClass];
        if (flow.Protocol == Native.IPPROTO_TCP)
        {
            kind += (ushort)((flow.Fields & FlowFields.TcpFlags) == 0 ? FlagsUnknown
                : ((flow.TcpFlagsOriginal | flow.TcpFlagsReply) & DataUnacknowledged) != 0 ? FlagsSet : FlagsClear);
        }

        return Between(_armed[kind], flow.TimeoutSeconds, _earliest, _now);
    }

    /// <summary>Between which bounds an entry has been idle that had these seconds left at some moment from earliest to now.</summary>
    private static IdleTime Between(ArmedTimeout[] armed, uint left, long earliest, long now)
    {
        long least = long.MaxValue;
        long most = -1;
        var isPossible = false;
        foreach (ref readonly var candidate in armed.AsSpan())
        {
            if (candidate.Seconds < left)
            {
                continue;
            }

            if (candidate.IsAnything)
            {
                least = Math.Min(least, Math.Max(0, earliest - candidate.Until));
                most = Math.Max(most, now - candidate.From);
                continue;
            }

            var idle = (long)candidate.Seconds - left;
            isPossible |= !candidate.IsUnlikely;
            if (earliest - idle <= candidate.Until && now - idle + 1 >= candidate.From)
            {
                least = Math.Min(least, Math.Max(0, idle - Below));
                most = candidate.IsUnlikely ? most : Math.Max(most, idle + Above);
            }
        }

        // More than any known time-out left: armed by something that nobody knows, at any time.
        return isPossible && most >= 0
            ? new IdleTime((uint)Math.Min(least, IdleTime.NoBound - 1), (uint)Math.Min(most, IdleTime.NoBound))
            : IdleTime.Unknown;
    }

    private void LookAtTheClock()
    {
        _now = (long)MonotonicTime.Now(_time).TotalSeconds;
        _lookedAt = Environment.TickCount64;
    }

    private (ArmedTimeout[][] Armed, bool[] Uncounted) Sort(ArmedTimeouts timeouts)
    {
        var (armed, uncounted) = (new List<ArmedTimeout[]>(), new List<bool>());
        var kinds = new Dictionary<(byte Protocol, byte State, FlowStatus Status), ushort>();
        for (var i = 0; i < _kinds.Length; i++)
        {
            var (protocol, state, status) = (FlowClass.Protocol(i), FlowClass.State(i), FlowClass.Status(i));

            // All that have no tracker of their own are the same.
            var group = FlowProtocols.HasTracker(protocol) ? protocol : (byte)0;
            var named = FlowProtocols.HasStates(protocol) ? state : (byte)0;
            if (!kinds.TryGetValue((group, named, status), out var kind))
            {
                kinds.Add((group, named, status), kind = (ushort)armed.Count);
                bool?[] variants = protocol == Native.IPPROTO_TCP ? [false, true, null] : [null];
                foreach (var unacknowledged in variants)
                {
                    armed.Add(timeouts.Of(protocol, state, status, unacknowledged));
                    uncounted.Add(ArmedTimeouts.LetsPacketsPassUncounted(protocol, state));
                }
            }

            _kinds[i] = kind;
        }

        return ([.. armed], [.. uncounted]);
    }
}
