using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Idle;

/// <summary>
/// Which time-outs a packet can have armed that left an entry in a given state, and when. Every set here may hold more than the kernel
/// can do, which widens an idle time's bounds; it may not hold less.
/// </summary>
internal sealed class ArmedTimeouts
{
    // Seconds are whole, looks take a moment, and so does a dump.
    private const long Slack = 3;

    private readonly ILookup<string, TimeoutSpan> _spans;
    private readonly TimeoutHistory _history;
    private readonly bool _assumeHeld;

    /// <param name="history">What may have been configured.</param>
    /// <param name="assumeHeld">Whether to take it that what was first found had held before, and that nothing changed unseen.</param>
    internal ArmedTimeouts(TimeoutHistory history, bool assumeHeld)
    {
        _history = history;
        _assumeHeld = assumeHeld;
        _spans = history.Spans.ToLookup(s => s.Key, StringComparer.Ordinal);
    }

    /// <summary>
    /// Whether the kernel lets packets pass in this state that do not renew the time-out: repetitions of what opens a connection
    /// (nf_conntrack_tcp_packet: TCP_CONNTRACK_IGNORE, and SYN in SYN_SENT; nf_conntrack_sctp_packet: INIT).
    /// </summary>
    internal static bool LetsPacketsPassUncounted(byte protocol, byte state) => protocol switch
    {
        Native.IPPROTO_TCP => state is FlowStates.TcpSynSent or FlowStates.TcpSynReceived or FlowStates.TcpSynSent2,

        // CLOSED, COOKIE_WAIT, HEARTBEAT_SENT.
        Native.IPPROTO_SCTP => state is 1 or 2 or 8,
        _ => false,
    };

    /// <summary>In rising order.</summary>
    /// <param name="protocol">The IP protocol's number.</param>
    /// <param name="state">The state's number, for TCP, SCTP and DCCP.</param>
    /// <param name="status">Whether it is assured and has had a reply.</param>
    /// <param name="unacknowledged">Whether TCP waits for an acknowledgement of data; null where that is not known.</param>
    /// <returns>Empty where nothing is known.</returns>
    internal ArmedTimeout[] Of(byte protocol, byte state, FlowStatus status, bool? unacknowledged)
    {
        var values = new List<ArmedTimeout>();
        switch (protocol)
        {
            case Native.IPPROTO_TCP:
                Tcp(values, state, status, unacknowledged);
                break;

            // nf_conntrack_udp_packet: since Linux 5.17 an assured entry has the longer time-out, before (from 5.0 on) it had the
            // shorter until two seconds had passed.
            case Native.IPPROTO_UDP or Native.IPPROTO_UDPLITE when (status & FlowStatus.Assured) != 0:
                Add(values, SysctlNames.UdpTimeout);
                Add(values, SysctlNames.UdpTimeoutStream);
                break;

            // nf_conntrack_gre_packet: both are copied into the entry when it begins, so a change reaches new entries only.
            case Native.IPPROTO_GRE:
                Add(values, SysctlNames.GreTimeout, untilEver: true);
                Add(values, SysctlNames.GreTimeoutStream, untilEver: true);
                break;

            default:
                if (TimeoutKeys.For(protocol, state, status) is { } key)
                {
                    Add(values, key);
                }

                break;
        }

        if (values.Count > 0)
        {
            AddUnknown(values, protocol);
        }

        values.Sort(static (a, b) => a.Seconds.CompareTo(b.Seconds));
        return [.. values];
    }

    /// <summary>
    /// The choice at the end of nf_conntrack_tcp_packet (net/netfilter/nf_conntrack_proto_tcp.c), and nf_tcp_handle_invalid.
    /// </summary>
    private void Tcp(List<ArmedTimeout> values, byte state, FlowStatus status, bool? unacknowledged)
    {
        if (state == FlowStates.TcpSynSent2)
        {
            values.Add(new ArmedTimeout((uint)TimeoutKeys.TcpSynSent2Seconds, false, -ArmedTimeout.Ever, ArmedTimeout.Ever));
            Add(values, TimeoutKeys.TcpSynSent2);
        }
        else if (TimeoutKeys.For(Native.IPPROTO_TCP, state, status) is { } key)
        {
            Add(values, key);
        }

        if (values.Count == 0)
        {
            return;
        }

        var longest = values.Max(v => v.Seconds);
        var mostUnacknowledged = _spans[SysctlNames.TcpTimeoutUnacknowledged].Select(s => (long?)s.Seconds).Max();
        if (mostUnacknowledged is { } most
            && (unacknowledged == true || (state == FlowStates.TcpEstablished && (status & FlowStatus.SeenReply) == 0)))
        {
            // IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED, or picked up in mid-connection: the shorter of the two. What is not known may be either.
            var longer = values.Where(v => !v.IsAnything && v.Seconds > most).ToList();
            values.RemoveAll(longer.Contains);
            for (var i = 0; i < values.Count; i++)
            {
                values[i] = values[i] with { Seconds = (uint)Math.Min(values[i].Seconds, most) };
            }

            if (unacknowledged == true)
            {
                // Seen on Linux 6.18 (KernelIdleTests), after a RST that was not the next in sequence: data counted as unacknowledged, and
                // what the state's time-out had armed before was still running.
                values.AddRange(longer.Select(v => v with { IsUnlikely = true }));
            }
        }

        // After retransmissions, or with the window at 0: neither is told. And a FIN or RST out of window lowers what was armed.
        Add(values, SysctlNames.TcpTimeoutMaxRetransmit, below: longest);
        Add(values, SysctlNames.TcpTimeoutUnacknowledged, below: longest);
        if (state == FlowStates.TcpEstablished || (state == FlowStates.TcpClose && unacknowledged == true))
        {
            // A RST arms this, whatever waits for an acknowledgement; one that is not exactly the next in sequence leaves the state.
            Add(values, SysctlNames.TcpTimeoutClose);
        }
    }

    private void Add(List<ArmedTimeout> values, string key, uint? below = null, bool untilEver = false)
    {
        foreach (var span in _spans[key])
        {
            var seconds = (uint)Math.Clamp(span.Seconds, 0, uint.MaxValue - 1);
            if (below is null || seconds < below)
            {
                values.Add(new ArmedTimeout(seconds, false, From(span), untilEver ? ArmedTimeout.Ever : Until(span)));
            }
        }

        foreach (var span in _spans[TimeoutHistory.Gone + key])
        {
            values.Add(ArmedTimeout.Anything(From(span), untilEver ? ArmedTimeout.Ever : Until(span)));
        }

        if (_spans.Contains(key) && !_spans[key].Any(s => s.IsOpen))
        {
            // It was known and is not any more, nor when it was last what it was known as.
            values.Add(ArmedTimeout.Anything(-ArmedTimeout.Ever, ArmedTimeout.Ever));
        }
    }

    /// <summary>What may have been armed besides what is known.</summary>
    private void AddUnknown(List<ArmedTimeout> values, byte protocol)
    {
        foreach (var span in SharingObjectsWith(protocol).SelectMany(p => _spans[TimeoutHistory.UnclearProtocol + p.ToString()]))
        {
            values.Add(ArmedTimeout.Anything(From(span), Until(span)));
        }

        if (protocol is Native.IPPROTO_TCP or Native.IPPROTO_UDP)
        {
            // Packets that a flow table forwards arm nothing, and what is left may be of any time before: the kernel raises it to a day
            // when less than half of one is left (nf_ct_offload_timeout; newer kernels always set the day), and flow_offload_fixup_ct
            // (net/netfilter/nf_flow_table_core.c) only ever lowers it.
            foreach (var span in _spans[TimeoutHistory.FlowTable])
            {
                values.Add(ArmedTimeout.Anything(From(span), Until(span)));
            }
        }

        // What is forgotten was seen to change, so that it is not taken to have held either.
        var copied = protocol == Native.IPPROTO_GRE;
        var looked = _assumeHeld ? TimeSpan.MinValue : _history.Since;
        var unknown = _history.ForgottenUntil is { } forgotten && forgotten > looked ? forgotten : looked;
        if (unknown > TimeSpan.MinValue)
        {
            values.Add(ArmedTimeout.Anything(-ArmedTimeout.Ever, copied ? ArmedTimeout.Ever : Seconds(unknown) + Slack));
        }

        if (_assumeHeld)
        {
            return;
        }

        foreach (var span in _spans[TimeoutHistory.Unseen].Concat(_spans[TimeoutHistory.Unlisted]))
        {
            values.Add(ArmedTimeout.Anything(From(span), copied ? ArmedTimeout.Ever : Until(span)));
        }
    }

    // All protocols without a tracker of their own share one, and its objects: they name 255 (nf_ct_l4proto_find, xt_ct_set_timeout).
    private static IEnumerable<byte> SharingObjectsWith(byte protocol) => FlowProtocols.HasTracker(protocol)
        ? [protocol]
        : Enumerable.Range(byte.MinValue, byte.MaxValue + 1).Select(p => (byte)p).Where(p => !FlowProtocols.HasTracker(p));

    private long From(TimeoutSpan span) => _assumeHeld && span.From <= _history.Since ? -ArmedTimeout.Ever : Seconds(span.From) - Slack;

    private static long Until(TimeoutSpan span) => span.IsOpen ? ArmedTimeout.Ever : Seconds(span.Until) + Slack;

    private static long Seconds(TimeSpan time) => time == TimeSpan.MinValue ? -ArmedTimeout.Ever : (long)Math.Floor(time.TotalSeconds);
}
