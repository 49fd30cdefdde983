using ConntrackOperator.Netfilter.Flows;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Reading;

namespace ConntrackOperator.Netfilter.Translation;

/// <summary>
/// Counts the ports that one translated address has in use for one destination, each one of them: by a filtered dump where the kernel can.
/// </summary>
public sealed class PortCounter
{
    private readonly FlowReader _reader;

    /// <summary>Opens nothing yet.</summary>
    /// <param name="procPath">Where procfs is mounted.</param>
    public PortCounter(string procPath = "/proc") => _reader = new FlowReader(procPath: procPath);

    /// <summary>
    /// Counts. Connections of the translated address itself are among them: they have ports that nobody else can have.
    /// </summary>
    /// <param name="use">What was seen of them.</param>
    /// <returns>The same, exact; null when the table changed so that it can't be told.</returns>
    /// <exception cref="Netlink.NetlinkException">The table can't be read to its end.</exception>
    public PortUse? Count(PortUse use)
    {
        ArgumentNullException.ThrowIfNull(use);
        var match = new FlowMatch
        {
            Protocol = use.Protocol,
            ReplyDestination = Only(use.Source),
            ReplySource = Only(use.Destination),
            ReplySourcePort = use.Port,
        };
        var (ports, moved, lowest, highest) = (0L, 0L, ushort.MaxValue, (ushort)0);
        var read = _reader.Read(new FlowFilter { Match = match }, (scoped in Flow flow) =>
        {
            var port = flow.Reply.DestinationPort;
            ports++;
            moved += port == flow.Original.SourcePort ? 0 : 1;
            lowest = Math.Min(lowest, port);
            highest = Math.Max(highest, port);
            return true;
        });
        return read.Complete
            ? use with { Ports = ports, IsExact = true, Seen = ports, Moved = moved, Lowest = lowest, Highest = highest } : null;
    }

    private static FlowNetwork Only(FlowAddress address) => new(address, address.IsIPv6 ? 128 : 32);
}
