using ConntrackOperator.Planning.Formatting;

namespace ConntrackOperator.Planning.Settings;

/// <summary>What was probably meant by a key of <c>spec.sysctls</c> that a kernel has not got. Pure.</summary>
public static class SysctlSuggestion
{
    // Keys of the flow tables have no field of their own.
    private static readonly string[] _keys = [.. SettingCatalog.BySysctl.Keys, "nf_flowtable_tcp_timeout", "nf_flowtable_udp_timeout"];

    // What older kernels have and newer ones have not: no slip.
    private static readonly string[] _old =
    [
        "nf_conntrack_dccp_loose", "nf_conntrack_sctp_timeout_heartbeat_acked", "nf_conntrack_tcp_no_window_check",
        "nf_conntrack_udplite_timeout", "nf_conntrack_udplite_timeout_stream", "nf_flowtable_tcp_pickup", "nf_flowtable_udp_pickup",
    ];

    /// <summary>The nearest key that there is, with the field that sets it.</summary>
    /// <param name="name">The key that this kernel has not got.</param>
    /// <returns>Null where none is near, and for a key that other kernels have.</returns>
    public static string? For(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _keys.Contains(name) || _old.Contains(name) || NearestName.Of(name, _keys) is not { } nearest ? null
            : SettingCatalog.BySysctl.TryGetValue(nearest, out var field) ? $"{nearest} (the field {field.Path})"
            : nearest;
    }
}
