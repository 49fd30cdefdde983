using ConntrackOperator.Engine.Enforcement;
using ConntrackOperator.Engine.Scanning;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine;

/// <summary>Where the engine finds the machine.</summary>
public sealed record EngineOptions
{
    /// <summary>The name of the machine in the cluster, for commands in the advice; null: its host name.</summary>
    public string? NodeName { get; init; }

    /// <summary>The directory of the sysctls: another one where the host's is mounted elsewhere.</summary>
    public string SysctlPath { get; init; } = SysctlDirectory.DefaultPath;

    /// <summary>/proc.</summary>
    public string ProcPath { get; init; } = "/proc";

    /// <summary>/sys.</summary>
    public string SysPath { get; init; } = "/sys";

    /// <summary>
    /// Where the host's root file system is seen; only sysctl files are looked up there, to say who overwrites a setting.
    /// </summary>
    public string HostRoot { get; init; } = "/";

    /// <summary>Where originals and the last plan are kept.</summary>
    public string StatePath { get; init; } = StateDirectory.DefaultPath;

    /// <summary>
    /// Whether <see cref="NodeEngine.Adopt"/> will be called with what the API server holds of this machine. Until then no original is
    /// recorded where the file of the originals has been lost: the status may know it.
    /// </summary>
    public bool StatusWillCome { get; init; }

    /// <summary>The least time between two looks into what fills the table; null: never.</summary>
    public TimeSpan? ScanInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The table to look into; null: the kernel's.</summary>
    internal ITableLooks? Table { get; init; }

    /// <summary>How patient the enforcer is.</summary>
    public EnforcerOptions Enforcer { get; init; } = new();
}
