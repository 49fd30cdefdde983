using System.Globalization;
using System.Text;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Netfilter.Tests.Kernel;

/// <summary>Fills a namespace's table with entries of every kind, the same ones every time.</summary>
internal static class Entries
{
    private static readonly string[] _tcpStates =
        ["SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE"];

    /// <summary>Loads entries: a quarter UDP to port 53, the rest TCP to 443 in all states, one in eight IPv6.</summary>
    internal static void Load(NetworkNamespace space, int count, int timeout = 3600)
    {
        var random = new Random(1);
        var commands = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            var v6 = i % 8 == 7;
            var source = v6 ? $"2001:db8::{i >> 16:x}:{i & 0xffff:x}" : $"10.{(i >> 16) & 255}.{(i >> 8) & 255}.{i & 255}";
            var destination = v6 ? $"2001:db8:1::{random.Next(256):x}" : $"192.168.{random.Next(4)}.{random.Next(1, 255)}";
            var state = _tcpStates[random.Next(_tcpStates.Length)];
            var addresses = $"-s {source} -d {destination} --sport {1024 + (i % 60000)}";
            commands.AppendLine(i % 4 == 0
                ? $"-A -p udp {addresses} --dport 53 -t {timeout}{(i % 3 == 0 ? " -u SEEN_REPLY" : "")}"
                : $"-A -p tcp {addresses} --dport 443 --state {state} -t "
                + $"{timeout}{(state == "SYN_SENT" ? "" : " -u ASSURED,SEEN_REPLY")} -m {i % 5}{(i % 16 == 5 ? " -w 5" : "")}");
        }

        space.Execute("conntrack", "-R -", commands.ToString());
    }

    internal static long Count(NetworkNamespace space) =>
        long.Parse(space.Execute("conntrack", "-C").Trim(), CultureInfo.InvariantCulture);

    /// <summary>One entry of each protocol and oddity that the tool can make here.</summary>
    internal static void LoadOneOfEach(NetworkNamespace space)
    {
        foreach (var flow in Flows.GoldenFlow.All)
        {
            var at = flow.Command.IndexOf("conntrack -I", StringComparison.Ordinal);
            if (at >= 0)
            {
                space.Execute("conntrack", flow.Command[(at + "conntrack ".Length)..].Replace(" -t 60", " -t 600", StringComparison.Ordinal)
                    // One table holds them all, so two golden entries may not share a tuple.
                    .Replace("--state CLOSE_WAIT", "--state CLOSE_WAIT -w 77", StringComparison.Ordinal));
            }
        }
    }
}
