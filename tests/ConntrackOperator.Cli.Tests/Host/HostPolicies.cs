namespace ConntrackOperator.Cli.Tests.Host;

/// <summary>Policy files for one host.</summary>
internal static class HostPolicies
{
    internal const string Timeouts = """
        apiVersion: conntrack.dev/v1alpha1
        kind: ConntrackPolicy
        metadata: {name: timeouts}
        spec:
          timeouts:
            udp: {unreplied: 20s}
            tcp: {timeWait: 60s}

        """;

    /// <summary>Every namespace but the initial one has the size read-only, whatever the machine's is.</summary>
    internal const string Size = """
        apiVersion: conntrack.dev/v1alpha1
        kind: ConntrackPolicy
        metadata: {name: size}
        spec:
          table: {size: {entries: 200001}, buckets: 65536}

        """;

    internal const string Udp = """
        apiVersion: conntrack.dev/v1alpha1
        kind: ConntrackPolicy
        metadata: {name: timeouts}
        spec:
          timeouts:
            udp: {unreplied: 10s}

        """;
}
