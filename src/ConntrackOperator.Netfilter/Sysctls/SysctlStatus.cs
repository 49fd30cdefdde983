namespace ConntrackOperator.Netfilter.Sysctls;

/// <summary>How reading or writing one sysctl went.</summary>
public enum SysctlStatus
{
    /// <summary>Done; the kernel holds <see cref="SysctlResult.Value"/>.</summary>
    Ok,

    /// <summary>This kernel has no such key: not built in, gone in this version, or its module is not loaded.</summary>
    NotSupported,

    /// <summary>The key is there and can't be written from here (EACCES, EPERM, EROFS).</summary>
    ReadOnly,

    /// <summary>Anything else: the kernel refused the value, or holds another than was asked for.</summary>
    Failed,
}
