using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using ConntrackOperator.Netfilter.Interop;

namespace ConntrackOperator.Netfilter.Tests.Interop;

/// <summary>Compares every constant of the Interop folder with the headers of the C library and the kernel.</summary>
public sealed class HeaderTests
{
    private const string Includes = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <stdio.h>
        #include <stddef.h>
        #include <time.h>
        #include <unistd.h>
        #include <sys/socket.h>
        #include <sys/time.h>
        #include <netinet/in.h>
        #include <linux/sched.h>
        #include <linux/netlink.h>
        #include <linux/rtnetlink.h>
        #include <linux/pkt_cls.h>
        #include <linux/netfilter/nfnetlink.h>
        #include <linux/netfilter/nf_conntrack_common.h>
        #include <linux/netfilter/nf_conntrack_tcp.h>
        #include <linux/netfilter/nfnetlink_conntrack.h>
        #include <linux/netfilter/nfnetlink_cttimeout.h>
        #include <linux/netfilter/nf_tables.h>

        """;

    // Names of ours that the headers spell otherwise.
    private static readonly Dictionary<string, string> _expressions = new()
    {
        [nameof(Nl.HeaderBytes)] = "sizeof(struct nlmsghdr)",
        [nameof(Nl.GenericBytes)] = "sizeof(struct nfgenmsg)",
        [nameof(Nl.AttributeHeaderBytes)] = "NLA_HDRLEN",
        [nameof(Nl.NLA_TYPE_MASK)] = "(NLA_TYPE_MASK & 0xffff)",
    };

    [Fact]
    public void Constants_and_struct_sizes_are_those_of_the_headers()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/cc"), "No C compiler (cc) is installed.");
        Assert.SkipUnless(File.Exists("/usr/include/linux/netlink.h"), "The kernel's headers (linux-libc-dev) are not installed.");

        var expected = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var type in new[] { typeof(Native), typeof(Nl), typeof(Ctnetlink), typeof(Cttimeout), typeof(TcActions), typeof(Errno) })
        {
            foreach (var field in type.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
                .Where(f => f.IsLiteral))
            {
                expected.Add(
                    _expressions.GetValueOrDefault(field.Name, field.Name),
                    Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture));
            }
        }

        expected.Add("sizeof(struct sockaddr_nl)", Unsafe.SizeOf<SockaddrNl>());
        expected.Add("sizeof(struct timeval)", Unsafe.SizeOf<Timeval>());
        expected.Add("sizeof(struct timespec)", Unsafe.SizeOf<Timespec>());
        expected.Add("offsetof(struct sockaddr_nl, nl_pid)", 4);
        Assert.True(expected.Count > 120, $"only {expected.Count} constants found");

        Assert.Equal(expected, Compile(expected.Keys));
    }

    private static SortedDictionary<string, long> Compile(IEnumerable<string> names)
    {
        using var directory = new TestTree.Temporary();
        var source = new StringBuilder(Includes).AppendLine("int main(void) {");
        foreach (var name in names)
        {
            source.AppendLine(CultureInfo.InvariantCulture, $"printf(\"%lld {name}\\n\", (long long)({name}));");
        }

        directory.File("constants.c", source.AppendLine("return 0; }").ToString());
        Run("/usr/bin/cc", $"-o {directory.Root}/constants {directory.Root}/constants.c");
        var values = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in Run($"{directory.Root}/constants", "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            values.Add(line[(space + 1)..], long.Parse(line[..space], CultureInfo.InvariantCulture));
        }

        return values;
    }

    private static string Run(string program, string arguments)
    {
        using var process =
            Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output;
    }
}
