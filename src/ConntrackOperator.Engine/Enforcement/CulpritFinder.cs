using System.Globalization;
using ConntrackOperator.Netfilter.Sysctls;

namespace ConntrackOperator.Engine.Enforcement;

/// <summary>Looks into the host's sysctl files, in the order in which sysctl --system reads them, and knows what kube-proxy sets.</summary>
public sealed class CulpritFinder : ICulpritFinder
{
    private static readonly string[] _directories = ["etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d", "lib/sysctl.d"];

    private readonly string _hostRoot;

    /// <summary>Looks below a directory.</summary>
    /// <param name="hostRoot">Where the host's root file system is seen: / on the host, a mount in the agent's pod.</param>
    public CulpritFinder(string hostRoot = "/") => _hostRoot = hostRoot;

    /// <inheritdoc />
    public string Describe(string name, long? found)
    {
        if (FindInFiles(name, found) is { } file)
        {
            return $"{file} sets it: take the line out there";
        }

        return KubeProxyField(name) is { } field
            ? $"kube-proxy sets it when it starts: set conntrack.{field} to 0 in its configuration"
            : "look for a tuned profile, a start-up script or another DaemonSet that writes it";
    }

    /// <summary>kube-proxy writes these at each start (pkg/proxy/apis/config, KubeProxyConntrackConfiguration); 0 leaves them alone.</summary>
    private static string? KubeProxyField(string name) => name switch
    {
        SysctlNames.Max or SysctlNames.Buckets => "maxPerCore",
        SysctlNames.TcpTimeoutEstablished => "tcpEstablishedTimeout",
        SysctlNames.TcpTimeoutCloseWait => "tcpCloseWaitTimeout",
        SysctlNames.UdpTimeout => "udpTimeout",
        SysctlNames.UdpTimeoutStream => "udpStreamTimeout",
        _ => null,
    };

    private string? FindInFiles(string name, long? found)
    {
        foreach (var file in Files())
        {
            try
            {
                if (File.ReadLines(Path.Combine(_hostRoot, file)).Any(line => Sets(line, name, found)))
                {
                    return "/" + file;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not ours to read: the next one may be.
            }
        }

        return null;
    }

    private IEnumerable<string> Files()
    {
        yield return "etc/sysctl.conf";
        foreach (var directory in _directories)
        {
            string[] files;
            try
            {
                files = Directory.GetFiles(Path.Combine(_hostRoot, directory), "*.conf");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }

            Array.Sort(files, StringComparer.Ordinal);
            foreach (var file in files)
            {
                yield return directory + "/" + Path.GetFileName(file);
            }
        }
    }

    /// <summary>
    /// sysctl.d(5): key = value, the key's parts parted by dots or slashes, a leading '-' means that errors don't matter. A line
    /// with another value than the one that was found is not to blame.
    /// </summary>
    private static bool Sets(string line, string name, long? found)
    {
        var text = line.AsSpan().Trim();
        var equals = text.IndexOf('=');
        if (equals < 0 || text[0] is '#' or ';')
        {
            return false;
        }

        var key = text[..equals].Trim().TrimStart('-').ToString().Replace('/', '.');
        return (key == "net.netfilter." + name || (key == "net.nf_conntrack_max" && name == SysctlNames.Max))
            && (found is null || (long.TryParse(text[(equals + 1)..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                && (value == found || (name == SysctlNames.Buckets && Buckets.Round(value) == found))));
    }
}
