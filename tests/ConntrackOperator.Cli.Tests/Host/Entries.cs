using System.Globalization;
using System.Text;

namespace ConntrackOperator.Cli.Tests.Host;

/// <summary>
/// Fills a host's table with the conntrack tool: TCP in several states, UDP, ICMP, GRE, a protocol without a tracker, both versions of IP,
/// marks, zones, NAT.
/// </summary>
internal static class Entries
{
    public const int Count = 400;

    public static void Load(TestHost host)
    {
        string[] states = ["ESTABLISHED", "TIME_WAIT", "CLOSE_WAIT", "SYN_SENT"];
        var lines = new StringBuilder();
        for (var i = 0; i < Count - 8; i++)
        {
            var (source, destination) = i % 8 == 7 ? ($"2001:db8::{i:x}", "2001:db8:1::5") : ($"10.0.{i / 200}.{i % 200}", "192.0.2.5");
            var protocol = i % 4 == 0
                ? $"-p udp --sport {1024 + i} --dport 53{(i % 3 == 0 ? " -u SEEN_REPLY" : "")}"
                : $"-p tcp --sport {1024 + i} --dport 443 --state {states[i % 4]}{(i % 4 == 3 ? "" : " -u SEEN_REPLY,ASSURED")} -m {i % 3}";
            lines.Append(CultureInfo.InvariantCulture, $"-A -t 3600 -s {source} -d {destination} {protocol}\n");
        }

        lines.Append("""
            -A -t 600 -s 10.1.0.1 -d 192.0.2.5 -p icmp --icmp-type 8 --icmp-code 0 --icmp-id 44
            -A -t 600 -s 2001:db8::1 -d 2001:db8::2 -p icmpv6 --icmpv6-type 128 --icmpv6-code 0 --icmpv6-id 45
            -A -t 600 -s 10.1.0.1 -d 192.0.2.5 -p gre --srckey 5 --dstkey 6
            -A -t 600 -s 10.1.0.1 -d 192.0.2.5 -p 89
            -A -t 600 -s 10.1.0.1 -d 192.0.2.5 -p tcp --sport 9 --dport 80 --state ESTABLISHED -u SEEN_REPLY,ASSURED -w 7
            -A -t 600 -s 10.1.0.1 -d 192.0.2.5 -p tcp --sport 10 --dport 80 --state ESTABLISHED -u SEEN_REPLY -g 10.9.9.9:8080
            -A -t 600 -s 10.1.0.2 -d 192.0.2.5 -p udp --sport 10 --dport 53 -n 198.51.100.1
            -A -t 600 -s 10.1.0.3 -d 192.0.2.5 -p udplite --sport 10 --dport 53

            """);
        Ok(host.ShellWith(lines.ToString(), "conntrack", "-R", "-"));
        Assert.Equal(Count, Number(host));
    }

    public static int Number(TestHost host) => int.Parse(Ok(host.Shell("conntrack", "-C")).Trim(), CultureInfo.InvariantCulture);

    public static string Ok(CliResult result)
    {
        Assert.True(result.ExitCode == 0, result.Error + result.Output);
        return result.Output;
    }
}
