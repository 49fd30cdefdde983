using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Host;

/// <summary>Who this process is to the kernel.</summary>
public static class Credentials
{
    /// <summary>The effective user id; 0 is root (man 2 geteuid).</summary>
    public static uint EffectiveUser => Libc.geteuid();
}
