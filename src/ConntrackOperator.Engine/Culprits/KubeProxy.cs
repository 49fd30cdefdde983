using ConntrackOperator.Netfilter;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Culprits;

/// <summary>kube-proxy, which writes settings of connection tracking at each start (cmd/kube-proxy/app/conntrack.go).</summary>
/// <param name="procPath">Where procfs is mounted.</param>
internal sealed class KubeProxy(string procPath)
{
    // Where it serves its metrics unless told otherwise, also inside of k3s; nothing else is known to take that port.
    private const int MetricsPort = 10249;
    private const string Listening = "0A";

    /// <summary>What in its configuration leaves a key alone; null: it does not write that key.</summary>
    /// <param name="name">The sysctl's name under net.netfilter.</param>
    public static string? Remedy(string name) => name switch
    {
        // It grows the hash table to a quarter of the limit that it sets.
        SysctlNames.Max or SysctlNames.Buckets => "conntrack.maxPerCore and conntrack.min to 0",
        SysctlNames.TcpTimeoutEstablished => "conntrack.tcpEstablishedTimeout to 0s",
        SysctlNames.TcpTimeoutCloseWait => "conntrack.tcpCloseWaitTimeout to 0s",
        SysctlNames.TcpBeLiberal => "conntrack.tcpBeLiberal to false",
        SysctlNames.UdpTimeout => "conntrack.udpTimeout to 0s",
        SysctlNames.UdpTimeoutStream => "conntrack.udpStreamTimeout to 0s",
        _ => null,
    };

    /// <summary>
    /// Whether one is seen here: a process of that name, or its port. In a container processes of the host are often not to be seen.
    /// </summary>
    public bool IsHere() => Listens("tcp") || Listens("tcp6") || Runs();

    // "  0: 0100007F:2809 00000000:0000 0A …": address, port and state; man 5 proc_pid_net.
    private bool Listens(string protocol)
    {
        var port = ":" + MetricsPort.ToString("X4");
        return Lines($"{procPath}/net/{protocol}").Any(line =>
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var local, _, Listening, ..]
                && local.EndsWith(port, StringComparison.Ordinal));
    }

    private bool Runs()
    {
        try
        {
            return Directory.EnumerateDirectories(procPath)
                .Where(d => Path.GetFileName(d).All(char.IsAsciiDigit))
                .Any(d => Lines(d + "/comm").FirstOrDefault() == "kube-proxy");
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return false;
        }
    }

    // A process may end while it is looked at.
    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return [];
        }
    }
}
