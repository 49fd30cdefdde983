using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Cli.Doctor.Rules;

/// <summary>
/// What a start of kube-proxy sets (kubernetes: cmd/kube-proxy/app/conntrack.go, from 1.35 on pkg/proxy/conntrack/sysctls.go). From 1.22 to
/// 1.28 it left every higher value alone (#103174, undone by #120448). From 1.29 on it sets what it computes. 1.36 caps what maxPerCore
/// gives (#137002), even below min. #142035, after 1.37, leaves a higher nf_conntrack_max alone again; patch releases of 1.36 and 1.37 may
/// have it, which is not told from a version here.
/// </summary>
internal static class ProxyStart
{
    /// <summary>The most that maxPerCore gives from 1.36 on.</summary>
    public const long Cap = 1048576;

    private static readonly KubeVersion _raisesOnly = new(1, 22, 0);
    private static readonly KubeVersion _exact = new(1, 29, 0);
    private static readonly KubeVersion _capped = new(1, 36, 0);
    private static readonly KubeVersion _raisesMaxOnly = new(1, 38, 0);

    /// <summary>Whether a patch release of that version may leave a higher limit alone.</summary>
    public static bool MayLeaveHigherLimit(KubeVersion? version) => version is { } v && v >= _capped && v < _raisesMaxOnly;

    /// <summary>What the start of one sets on a node.</summary>
    public static IEnumerable<ProxyWrite> Writes(ProxyFacts proxy, NodeView node)
    {
        if (proxy.Conntrack is not { } c)
        {
            yield break;
        }

        var version = proxy.Version ?? node.Version;
        var raises = version is { } v && v >= _raisesOnly && v < _exact;
        if (Limit(c, node.Cores, version) is { } limit)
        {
            yield return new(SysctlNames.Max, limit, raises || version >= _raisesMaxOnly);
        }

        foreach (var (sysctl, value) in ((string, long)[])[
            (SysctlNames.TcpTimeoutEstablished, c.TcpEstablishedTimeout), (SysctlNames.TcpTimeoutCloseWait, c.TcpCloseWaitTimeout),
            (SysctlNames.TcpBeLiberal, c.TcpBeLiberal ? 1 : 0), (SysctlNames.UdpTimeout, c.UdpTimeout),
            (SysctlNames.UdpTimeoutStream, c.UdpStreamTimeout)])
        {
            if (value > 0)
            {
                yield return new(sysctl, value, raises);
            }
        }
    }

    // With maxPerCore 0 min counts for nothing.
    private static long? Limit(ProxyConntrack c, int cores, KubeVersion? version)
    {
        if (c.MaxPerCore <= 0 || cores <= 0)
        {
            return null;
        }

        var scaled = c.MaxPerCore * cores;
        var limit = version >= _capped && scaled > Cap ? Cap : Math.Max(scaled, c.Min);
        return limit > 0 ? limit : null;
    }
}
