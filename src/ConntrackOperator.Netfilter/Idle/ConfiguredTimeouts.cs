using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Interop;
using ConntrackOperator.Netfilter.Netlink;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Netfilter.Idle;

/// <summary>The time-outs as they are at one moment, in the calling thread's network namespace.</summary>
public sealed record ConfiguredTimeouts
{
    /// <summary>When all of it had been read, by the monotonic clock, which begins with the boot.</summary>
    public required TimeSpan At { get; init; }

    /// <summary>When the reading of the sysctls began, by the same clock; null: at <see cref="At"/>, all in one moment.</summary>
    public TimeSpan? ReadFrom { get; init; }

    /// <summary>When the listing of the objects and flow tables began, which may be long before; null: at <see cref="At"/>.</summary>
    public TimeSpan? ListedFrom { get; init; }

    /// <summary>Seconds by the sysctl's name; a name left out is not known.</summary>
    public required IReadOnlyDictionary<string, long> Sysctls { get; init; }

    /// <summary>What time-out objects set, under the names of the sysctls whose place they take.</summary>
    public IReadOnlyCollection<(string Key, long Seconds)> Objects { get; init; } = [];

    /// <summary>Protocols of time-out objects that could not be understood.</summary>
    public IReadOnlyCollection<byte> UnclearProtocols { get; init; } = [];

    /// <summary>Whether there are flow tables, or may be, in which packets pass without arming a time-out.</summary>
    public bool HasFlowTables { get; init; }

    /// <summary>Whether the objects could be listed: false without CAP_NET_ADMIN.</summary>
    public bool ObjectsListed { get; init; } = true;

    /// <summary>Reads what the kernel holds; sysctls that it lacks are not known.</summary>
    /// <param name="sysctls">Where the sysctls are.</param>
    /// <param name="time">The clock.</param>
    public static ConfiguredTimeouts Read(SysctlDirectory sysctls, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        var listedFrom = MonotonicTime.Now(time);
        return Read(sysctls, time, TimeoutObjects.List(NetlinkSocket.Open, NetlinkSocket.OpenRoute), listedFrom);
    }

    internal static ConfiguredTimeouts Read(SysctlDirectory sysctls, TimeProvider time, TimeoutObjects objects, TimeSpan listedFrom)
    {
        ArgumentNullException.ThrowIfNull(sysctls);
        ArgumentNullException.ThrowIfNull(time);
        var readFrom = MonotonicTime.Now(time);
        var found = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var key in TimeoutKeys.All)
        {
            if (sysctls.Read(key) is { Status: SysctlStatus.Ok, Value: >= 0 and { } value })
            {
                found[key] = value;
            }
        }

        return new ConfiguredTimeouts
        {
            At = MonotonicTime.Now(time),
            ReadFrom = readFrom,
            ListedFrom = listedFrom,
            Sysctls = found,
            Objects = objects.Values,
            UnclearProtocols = objects.Unclear,
            HasFlowTables = objects.HasFlowTables,
            ObjectsListed = objects.IsComplete,
        };
    }

    /// <summary>The sysctl's value for entries of this kind while nothing is wrong, or null where it is not known.</summary>
    /// <inheritdoc cref="TimeoutKeys.For"/>
    public TimeSpan? For(byte protocol, byte state, FlowStatus status)
    {
        if (protocol == Native.IPPROTO_TCP && state == FlowStates.TcpSynSent2)
        {
            return TimeSpan.FromSeconds(TimeoutKeys.TcpSynSent2Seconds);
        }

        if (TimeoutKeys.For(protocol, state, status) is not { } key || !Sysctls.TryGetValue(key, out var value))
        {
            return null;
        }

        // nf_conntrack_tcp_packet: picked up in mid-connection and without an answer, it gets the shorter of the two.
        return TimeSpan.FromSeconds(
            protocol == Native.IPPROTO_TCP && state == FlowStates.TcpEstablished && (status & FlowStatus.SeenReply) == 0
            && Sysctls.TryGetValue(SysctlNames.TcpTimeoutUnacknowledged, out var unacknowledged)
                ? Math.Min(value, unacknowledged)
                : value);
    }

    /// <summary>The same by names, such as tcp and ESTABLISHED, udp and STREAM, or icmp and the empty state.</summary>
    /// <returns>Null where it is not known.</returns>
    public TimeSpan? For(string protocol, string state, bool unreplied = false)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (!FlowProtocols.TryParse(protocol, out var number))
        {
            return null;
        }

        var stream = string.Equals(state, FlowStates.Stream, StringComparison.OrdinalIgnoreCase);
        var status = (stream ? FlowStatus.Assured : FlowStatus.None)
            | (unreplied || string.Equals(state, FlowStates.Unreplied, StringComparison.OrdinalIgnoreCase)
                ? FlowStatus.None : FlowStatus.SeenReply);
        var names = FlowStates.Of(number);
        for (byte i = 0; i < names.Count; i++)
        {
            if (string.Equals(names[i], state, StringComparison.OrdinalIgnoreCase))
            {
                return For(number, i, status);
            }
        }

        return names.Count == 0 ? For(number, 0, status) : null;
    }
}
