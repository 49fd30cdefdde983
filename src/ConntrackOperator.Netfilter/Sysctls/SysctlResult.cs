namespace ConntrackOperator.Netfilter.Sysctls;

/// <summary>The outcome of reading or writing one sysctl.</summary>
/// <param name="Status">How it went.</param>
/// <param name="Value">What the kernel holds now, where that could be read.</param>
/// <param name="Errno">The system's error number; 0 if there was none.</param>
/// <param name="Message">What a person should know; null when <paramref name="Status"/> is <see cref="SysctlStatus.Ok"/>.</param>
public readonly record struct SysctlResult(SysctlStatus Status, long? Value, int Errno, string? Message);
