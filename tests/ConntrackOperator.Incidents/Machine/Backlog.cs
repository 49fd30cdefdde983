using System.Globalization;

namespace ConntrackOperator.Incidents.Machine;

/// <summary>
/// The queues between network devices of this machine, which stand for wires here. What a busy machine does not take out of them in
/// time is lost there, whatever the table does: a loss counted meanwhile says nothing.
/// </summary>
internal static class Backlog
{
    /// <summary>As long as the queues are made meanwhile, in packets.</summary>
    internal const long Length = 20_000;

    internal const string LengthFile = "/proc/sys/net/core/netdev_max_backlog";

    /// <summary>Packets lost in them since boot: the second column, a row for each CPU, hexadecimal.</summary>
    internal static long Lost() => File.ReadLines("/proc/net/softnet_stat")
        .Sum(
            row =>
                long.Parse(row.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
}
