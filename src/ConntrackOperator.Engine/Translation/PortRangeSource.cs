namespace ConntrackOperator.Engine.Translation;

/// <summary>How the range of ports is known.</summary>
public enum PortRangeSource
{
    /// <summary>What the kernel translates to where a rule names no ports, for sources that send from 1024 or above.</summary>
    AllPorts,

    /// <summary>A rule that was read.</summary>
    Rule,

    /// <summary>
    /// The ports seen: nearly all were changed, and they lie close together, which a rule without ports does not bring about.
    /// </summary>
    PortsSeen,

    /// <summary>net.ipv4.ip_local_port_range: they are this machine's own connections, which keep the ports that they have.</summary>
    LocalPortRange,
}
