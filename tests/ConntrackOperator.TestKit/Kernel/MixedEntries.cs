using System.Globalization;
using System.Text;

namespace ConntrackOperator.TestKit.Kernel;

/// <summary>Entries of which a share is not assured, put into a namespace's table by the conntrack tool. They last an hour.</summary>
public sealed class MixedEntries(NetworkNamespace space, int unassuredPercent)
{
    private int _next;

    /// <summary>Adds so many; of each hundred the share is not assured.</summary>
    public void Add(int entries)
    {
        var commands = new StringBuilder();
        for (var end = _next + entries; _next < end; _next++)
        {
            commands.Append(
                CultureInfo.InvariantCulture,
                $"-A -p udp -s 10.{(_next >> 16) & 255}.{(_next >> 8) & 255}.{_next & 255} -d 192.0.2.1 --sport "
                    + $"{1024 + (_next % 60_000)} --dport 53 -t 3600");
            commands.Append(_next % 100 < unassuredPercent ? "\n" : " -u ASSURED,SEEN_REPLY\n");
        }

        space.Execute("conntrack", "-R -", commands.ToString());
    }
}
