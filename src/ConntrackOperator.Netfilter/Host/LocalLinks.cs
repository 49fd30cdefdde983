using System.Net.NetworkInformation;

namespace ConntrackOperator.Netfilter.Host;

/// <summary>The addresses and the tunnels of the machine (of the network namespace that the process was started in).</summary>
/// <param name="Addresses">Its addresses, without scope.</param>
/// <param name="Tunnels">Links that are tunnels, as kind and name, such as vxlan flannel.1.</param>
public sealed record LocalLinks(IReadOnlySet<string> Addresses, IReadOnlyList<string> Tunnels)
{
    /// <summary>Reads them. Empty where they can't be read.</summary>
    /// <param name="sysPath">Where sysfs is mounted.</param>
    public static LocalLinks Read(string sysPath = "/sys")
    {
        var addresses = new HashSet<string>(StringComparer.Ordinal);
        var tunnels = new List<string>();
        try
        {
            foreach (var link in NetworkInterface.GetAllNetworkInterfaces())
            {
                foreach (var address in link.GetIPProperties().UnicastAddresses)
                {
                    addresses.Add(address.Address.ToString().Split('%')[0]);
                }

                var kind = Kind($"{sysPath}/class/net/{link.Name}/uevent");
                if (kind is "vxlan" or "geneve" or "wireguard")
                {
                    tunnels.Add($"{kind} {link.Name}");
                }
            }
        }
        catch (NetworkInformationException)
        {
            // Not ours to see.
        }

        return new LocalLinks(addresses, tunnels);
    }

    private static string? Kind(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault(line => line.StartsWith("DEVTYPE=", StringComparison.Ordinal))?["DEVTYPE=".Length..];
        }
        catch (Exception e) when (e.IsIoFailure())
        {
            return null;
        }
    }
}
