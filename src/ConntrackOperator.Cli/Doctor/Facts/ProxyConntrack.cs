namespace ConntrackOperator.Cli.Doctor.Facts;

/// <summary>
/// The part <c>conntrack</c> of a KubeProxyConfiguration, its defaults filled in (pkg/proxy/apis/config/v1alpha1/defaults.go). Times are
/// in seconds; 0 leaves the kernel's value alone.
/// </summary>
internal sealed record ProxyConntrack
{
    public long MaxPerCore { get; init; } = 32768;

    public long Min { get; init; } = 131072;

    public long TcpEstablishedTimeout { get; init; } = 86400;

    public long TcpCloseWaitTimeout { get; init; } = 3600;

    public bool TcpBeLiberal { get; init; }

    public long UdpTimeout { get; init; }

    public long UdpStreamTimeout { get; init; }
}
