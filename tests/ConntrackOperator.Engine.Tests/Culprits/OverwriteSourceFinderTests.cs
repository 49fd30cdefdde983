using ConntrackOperator.Engine.Culprits;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Engine.Tests.Culprits;

public sealed class CulpritFinderTests : IDisposable
{
    private const string Nobody = "look for a start-up script, a tuned profile or another DaemonSet that writes it";
    private const string Out = " sets it: take the line out there";

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("conntrack-operator-test-");

    [Theory]
    [InlineData(SysctlNames.Max, 131072, "/etc/sysctl.conf" + Out)]
    [InlineData(SysctlNames.TcpTimeoutEstablished, 600, "/etc/sysctl.d/10-network.conf" + Out)]
    [InlineData(SysctlNames.TcpTimeoutCloseWait, 30, "/etc/sysctl.d/20-slashes.conf" + Out)]
    [InlineData(SysctlNames.Buckets, 98304, "/usr/lib/sysctl.d/50-vendor.conf" + Out)]
    // A commented line, a longer key and a line with another value are not to blame.
    [InlineData(SysctlNames.UdpTimeout, 10, Nobody)]
    [InlineData(SysctlNames.UdpTimeoutStream, 60, Nobody)]
    [InlineData(SysctlNames.Max, 999, Nobody)]
    [InlineData(SysctlNames.Accounting, 1, Nobody)]
    public void The_likely_culprit_is_named_with_what_to_change_there(string name, long found, string expected) =>
        Assert.Equal(
            expected,
            new OverwriteSourceFinder(Path.Combine(AppContext.BaseDirectory, "TestData", "host-with-sysctl-files"), _root.FullName)
                .Describe(name, found));

    [Fact]
    public void An_unknown_value_blames_any_line_that_sets_the_key() => Assert.StartsWith(
        "/etc/sysctl.conf",
        new OverwriteSourceFinder(Path.Combine(AppContext.BaseDirectory, "TestData", "host-with-sysctl-files"), _root.FullName)
            .Describe(SysctlNames.Max, null), StringComparison.Ordinal);

    [Theory]
    [InlineData("net.netfilter.nf_conntrack_max = 65536   # for the gateway", 65536, true)]
    [InlineData("net.netfilter.nf_conntrack_max = 0x10000", 65536, true)]
    [InlineData("net.netfilter.nf_conntrack_max=0X10000\t; big", 65536, true)]
    [InlineData("net.netfilter.nf_conntrack_max = 0200000", 65536, true)]
    [InlineData("-net.netfilter.nf_conntrack_max = 65536", 65536, true)]
    [InlineData("- net.netfilter.nf_conntrack_max = 65536", 65536, true)]
    [InlineData("net/netfilter/nf_conntrack_max = 65536", 65536, true)]
    [InlineData("/net/netfilter/nf_conntrack_max = 65536", 65536, true)]
    [InlineData("/proc/sys/net/netfilter/nf_conntrack_max = 65536", 65536, true)]
    [InlineData("net.nf_conntrack_max = 65536", 65536, true)]
    [InlineData("net.netfilter.nf_conntrack_m?x = 65536", 65536, true)]
    [InlineData("net.netfilter.nf_conntrack_* = 65536", 65536, true)]
    [InlineData("net/*/nf_conntrack_[k-m]ax = 65536", 65536, true)]
    [InlineData("net.*.nf_conntrack_[!a-l]ax = 65536", 65536, true)]
    [InlineData("net.netfilter.nf_conntrack_[!m]ax = 65536", 65536, false)]
    [InlineData("net.* = 65536", 65536, true)]
    [InlineData("net.netf* = 65536", 65536, false)]
    [InlineData("net.netfilter.nf_conntrack_max = 65536#x", 65536, false)]
    [InlineData("net.netfilter.nf_conntrack_max = 65536,1", 65536, false)]
    [InlineData("net.netfilter.nf_conntrack_max = 09", 9, false)]
    [InlineData("net.netfilter.nf_conntrack_max = -65536", 65536, false)]
    [InlineData("net.netfilter.nf_conntrack_max = 65535", 65536, false)]
    [InlineData("net.netfilter.nf_conntrack_max", 65536, false)]
    [InlineData("-net.netfilter.nf_conntrack_max", 65536, false)]
    [InlineData("# net.netfilter.nf_conntrack_max = 65536", 65536, false)]
    [InlineData(" ; net.netfilter.nf_conntrack_max = 65536", 65536, false)]
    [InlineData("= 65536", 65536, false)]
    public void Lines_mean_what_sysctl_makes_of_them(string line, long found, bool named)
    {
        File("etc/sysctl.d/50-x.conf", line);
        Assert.Equal(named ? "/etc/sysctl.d/50-x.conf" + Out : Nobody, Describe(SysctlNames.Max, found));
    }

    [Theory]
    [InlineData("17   # for the gateway")]
    [InlineData("0x12")]
    [InlineData("022")]
    [InlineData("19\t;x")]
    [InlineData("20#x")]
    [InlineData("21,1")]
    [InlineData("0x")]
    [InlineData("09")]
    public void A_value_is_read_as_this_kernel_reads_it(string value)
    {
        NetworkNamespace.Require();
        using var network = new NetworkNamespace();
        var (before, after) = network.Run(() =>
        {
            const string path = SysctlDirectory.DefaultPath + "/" + SysctlNames.TcpTimeoutClose;
            var was = new SysctlDirectory().Read(SysctlNames.TcpTimeoutClose).Value;
            try
            {
                System.IO.File.WriteAllText(path, value + "\n");
            }
            catch (IOException)
            {
                // The kernel takes it not at all.
            }

            return (was, new SysctlDirectory().Read(SysctlNames.TcpTimeoutClose).Value);
        });
        Assert.Equal(after == before ? null : after, SysctlLine.Number(value));
    }

    [Fact]
    public void Of_files_of_one_name_only_the_first_directorys_counts_and_a_link_to_nothing_masks()
    {
        File("usr/lib/sysctl.d/50-x.conf", "net.netfilter.nf_conntrack_max = 65536");
        Assert.Equal("/usr/lib/sysctl.d/50-x.conf" + Out, Describe(SysctlNames.Max, 65536));
        File("run/sysctl.d/50-x.conf", "net.netfilter.nf_conntrack_acct = 1");
        Assert.Equal(Nobody, Describe(SysctlNames.Max, 65536));
        Directory.CreateDirectory(Path.Combine(_root.FullName, "etc/sysctl.d"));
        System.IO.File.CreateSymbolicLink(Path.Combine(_root.FullName, "etc/sysctl.d/50-x.conf"), "/dev/null");
        Assert.Equal(Nobody, Describe(SysctlNames.Accounting, 1));
    }

    [Fact]
    public void The_last_by_name_is_the_one_in_force_whatever_its_directory()
    {
        File("etc/sysctl.d/10-x.conf", "net.netfilter.nf_conntrack_max = 65536");
        File("lib/sysctl.d/90-x.conf", "net.netfilter.nf_conntrack_max = 65536");
        File("usr/local/lib/sysctl.d/50-x.conf", "net.netfilter.nf_conntrack_max = 65536");
        Assert.Equal("/lib/sysctl.d/90-x.conf" + Out, Describe(SysctlNames.Max, 65536));
        File("etc/sysctl.conf", "net.netfilter.nf_conntrack_max = 65536");
        Assert.Equal("/etc/sysctl.conf" + Out, Describe(SysctlNames.Max, 65536));
    }

    [Fact]
    public void A_file_whose_name_begins_with_a_dot_is_not_applied_nor_named()
    {
        File("etc/sysctl.d/10-x.conf", "net.netfilter.nf_conntrack_max = 65536");
        File("etc/sysctl.d/.x.conf", "net.netfilter.nf_conntrack_max = 131072");
        Assert.Equal(Nobody, Describe(SysctlNames.Max, 131072));
        Assert.Equal(
            "/etc/sysctl.d/10-x.conf", new OverwriteSourceFinder(_root.FullName, _root.FullName).AtBoot(SysctlNames.Max).Single().Who);
    }

    [Fact]
    public void With_systemd_the_main_file_is_applied_where_a_link_names_it_and_in_the_links_place()
    {
        File("etc/sysctl.conf", "net.netfilter.nf_conntrack_max = 65536");
        Assert.Equal("/etc/sysctl.conf", Who());
        Directory.CreateDirectory(Path.Combine(_root.FullName, "run/systemd/system"));
        Assert.Null(Who());
        Directory.CreateDirectory(Path.Combine(_root.FullName, "etc/sysctl.d"));
        System.IO.File.CreateSymbolicLink(Path.Combine(_root.FullName, "etc/sysctl.d/99-sysctl.conf"), "../sysctl.conf");
        Assert.Equal("/etc/sysctl.d/99-sysctl.conf", Who());
        File("etc/sysctl.d/99-zz.conf", "net.netfilter.nf_conntrack_max = 131072");
        Assert.Equal("/etc/sysctl.d/99-zz.conf", Who());

        string? Who() => new OverwriteSourceFinder(_root.FullName, _root.FullName).AtBoot(SysctlNames.Max).SingleOrDefault()?.Who;
    }

    [Fact]
    public void A_key_that_a_later_file_takes_out_is_not_set_at_boot_but_its_file_may_have_been_loaded()
    {
        File("etc/sysctl.d/10-x.conf", "net.netfilter.nf_conntrack_max = 65536");
        File("etc/sysctl.d/20-x.conf", "-net.netfilter.nf_conntrack_max");
        Assert.Empty(new OverwriteSourceFinder(_root.FullName, _root.FullName).AtBoot(SysctlNames.Max));
        Assert.Equal("/etc/sysctl.d/10-x.conf" + Out, Describe(SysctlNames.Max, 65536));
    }

    [Fact]
    public void A_pattern_does_not_reach_a_key_that_is_named_or_taken_out()
    {
        File("etc/sysctl.d/10-x.conf", "net.netfilter.nf_conntrack_udp_timeout = 60");
        File("etc/sysctl.d/90-x.conf", "net.netfilter.nf_conntrack_*_timeout = 61\n-net.netfilter.nf_conntrack_icmp_timeout");
        Assert.Equal("/etc/sysctl.d/10-x.conf" + Out, Describe(SysctlNames.UdpTimeout, 60));
        Assert.Equal(Nobody, Describe(SysctlNames.UdpTimeout, 61));
        Assert.Equal(Nobody, Describe(SysctlNames.IcmpTimeout, 61));
        Assert.Equal("/etc/sysctl.d/90-x.conf" + Out, Describe(SysctlNames.GenericTimeout, 61));
    }

    [Fact]
    public void Links_lead_to_the_hosts_files_and_never_to_this_containers()
    {
        File("etc/other.conf", "net.netfilter.nf_conntrack_max = 65536");
        Directory.CreateDirectory(Path.Combine(_root.FullName, "etc/sysctl.d"));
        System.IO.File.CreateSymbolicLink(Path.Combine(_root.FullName, "etc/sysctl.d/99-x.conf"), "/etc/other.conf");
        Assert.Equal("/etc/sysctl.d/99-x.conf" + Out, Describe(SysctlNames.Max, 65536));
        System.IO.File.CreateSymbolicLink(Path.Combine(_root.FullName, "etc/sysctl.d/98-x.conf"), "98-x.conf");
        Assert.Equal("/etc/sysctl.d/99-x.conf" + Out, Describe(SysctlNames.Max, 65536));
    }

    [Fact]
    public void Ufw_is_named_unless_it_is_switched_off()
    {
        File("etc/ufw/sysctl.conf", "net/netfilter/nf_conntrack_tcp_be_liberal=1");
        const string expected = "/etc/ufw/sysctl.conf sets it whenever ufw starts: take the line out there";
        Assert.Equal(expected, Describe(SysctlNames.TcpBeLiberal, 1));
        File("etc/ufw/ufw.conf", "ENABLED=yes");
        Assert.Equal(expected, Describe(SysctlNames.TcpBeLiberal, 1));
        File("etc/ufw/ufw.conf", "ENABLED=no");
        Assert.Equal(Nobody, Describe(SysctlNames.TcpBeLiberal, 1));
    }

    /// <summary>As a shell reads it and ufw-init-functions ask.</summary>
    [Theory]
    [InlineData("IPT_SYSCTL=/etc/ufw/sysctl.conf", "ENABLED=yes", "/etc/ufw/sysctl.conf")]
    [InlineData("IPT_SYSCTL=\"/etc/own.conf\" # ours", "ENABLED=\"yes\"", "/etc/own.conf")]
    [InlineData("IPT_SYSCTL='/etc/own.conf'", "ENABLED='YES' # on", "/etc/own.conf")]
    [InlineData("export IPT_SYSCTL=/etc/own.conf # ours", "export ENABLED=yes", "/etc/own.conf")]
    [InlineData("IPT_SYSCTL=/etc/own.conf", "ENABLED=yes\nIPT_SYSCTL=/etc/ufw/sysctl.conf", "/etc/ufw/sysctl.conf")]
    [InlineData("IPT_SYSCTL=/etc/own.conf\nIPT_SYSCTL=", "ENABLED=yes", null)]
    [InlineData("IPT_SYSCTL=", "ENABLED=yes", null)]
    [InlineData("IPT_SYSCTL=\"\"", "ENABLED=yes", null)]
    [InlineData("IPT_SYSCTL=/etc/none.conf", "ENABLED=yes", null)]
    [InlineData("#IPT_SYSCTL=/etc/ufw/sysctl.conf", "ENABLED=yes", null)]
    [InlineData(null, "ENABLED=yes", "/etc/ufw/sysctl.conf")] // What was not mounted may be as it was installed.
    [InlineData("IPT_SYSCTL=/etc/ufw/sysctl.conf", null, "/etc/ufw/sysctl.conf")]
    [InlineData("ENABLED=yes\nIPT_SYSCTL=/etc/ufw/sysctl.conf", "LOGLEVEL=low", "/etc/ufw/sysctl.conf")]
    [InlineData("IPT_SYSCTL=/etc/ufw/sysctl.conf", "ENABLED=\"no\"", null)]
    [InlineData("IPT_SYSCTL=/etc/ufw/sysctl.conf", "ENABLED='no'", null)]
    [InlineData("IPT_SYSCTL=/etc/ufw/sysctl.conf", "ENABLED=no # for now", null)]
    [InlineData("IPT_SYSCTL=/etc/ufw/sysctl.conf", "#ENABLED=yes", null)]
    [InlineData("IPT_SYSCTL=/etc/ufw/sysctl.conf", "ENABLED=no\nENABLED=yes", "/etc/ufw/sysctl.conf")]
    public void Ufw_applies_the_file_that_its_variable_names_and_none_where_it_is_empty_or_off(
        string? defaults, string? settings, string? file)
    {
        File("etc/ufw/sysctl.conf", "net/netfilter/nf_conntrack_tcp_be_liberal=1");
        File("etc/own.conf", "net.netfilter.nf_conntrack_tcp_be_liberal=1");
        if (defaults is not null)
        {
            File("etc/default/ufw", defaults);
        }

        if (settings is not null)
        {
            File("etc/ufw/ufw.conf", settings);
        }

        var finder = new OverwriteSourceFinder(_root.FullName, _root.FullName);
        Assert.Equal(
            file is null ? Nobody : $"{file} sets it whenever ufw starts: take the line out there",
            finder.Describe(SysctlNames.TcpBeLiberal, 1));
        Assert.Equal(
            file is null ? [] : [$"{file}, whenever ufw starts,"], finder.AtBoot(SysctlNames.TcpBeLiberal).Select(s => s.Who));
    }

    [Fact]
    public void Ufw_is_named_for_the_key_that_its_file_sets_by_whichever_name_and_for_no_other()
    {
        File("etc/ufw/sysctl.conf", "net/netfilter/nf_conntrack_acct=1\nnet/nf_conntrack_max=65536\n-net/netfilter/nf_conntrack_timestamp");
        var finder = new OverwriteSourceFinder(_root.FullName, _root.FullName);
        Assert.StartsWith("/etc/ufw/sysctl.conf", finder.Describe(SysctlNames.Max, 65_536), StringComparison.Ordinal);
        Assert.Equal(65_536, Assert.Single(finder.AtBoot(SysctlNames.Max)).Value);
        Assert.Equal(Nobody, finder.Describe(SysctlNames.Max, 131_072));
        foreach (var other in new[] { SysctlNames.TcpBeLiberal, SysctlNames.Timestamp })
        {
            Assert.Equal(Nobody, finder.Describe(other, 1));
            Assert.Empty(finder.AtBoot(other));
        }
    }

    [Fact]
    public void A_pattern_that_fits_one_of_a_keys_two_names_sets_it()
    {
        File("etc/sysctl.d/x.conf", "net.netfilter.nf_conntrack_m* = 65536");
        Assert.Equal(
            65_536, Assert.Single(new OverwriteSourceFinder(_root.FullName, _root.FullName).AtBoot(SysctlNames.Max)).Value);
    }

    [Fact]
    public void Tuned_is_named_with_the_file_of_the_profile_that_sets_it()
    {
        File("etc/tuned/active_profile", "gateway");
        File(
            "etc/tuned/gateway/tuned.conf", "[main]\nsummary=x\ninclude=network-throughput\n[sysctl]\nnet.netfilter.nf_conntrack_acct = 1");
        File(
            "usr/lib/tuned/network-throughput/tuned.conf",
            "[sysctl]\nnet.netfilter.nf_conntrack_max=>1048576\nnet.netfilter.nf_conntrack_acct=0\n[other]\n"
                + "net.netfilter.nf_conntrack_udp_timeout=9");
        const string rest =
            " sets it, for tuned's active profile gateway: take the line out of its section [sysctl], or choose another profile";
        Assert.Equal("/usr/lib/tuned/network-throughput/tuned.conf" + rest, Describe(SysctlNames.Max, 1048576));
        Assert.Equal("/etc/tuned/gateway/tuned.conf" + rest, Describe(SysctlNames.Accounting, 1));
        var boot = Assert.Single(new OverwriteSourceFinder(_root.FullName, _root.FullName).AtBoot(SysctlNames.Accounting));
        Assert.Equal(("/etc/tuned/gateway/tuned.conf, tuned's active profile,", 1L), (boot.Who, boot.Value));
        Assert.Equal(Nobody, Describe(SysctlNames.Accounting, 0));
        Assert.Equal(Nobody, Describe(SysctlNames.UdpTimeout, 9));
        File("etc/tuned/active_profile", "balanced");
        Assert.Equal(Nobody, Describe(SysctlNames.Max, 1048576));
    }

    [Fact]
    public void The_modules_option_sets_buckets_and_limit()
    {
        File("etc/modprobe.d/conntrack.conf", "# x\noptions nf-conntrack acct=1 \\\n  hashsize=0x10001\noptions nf_conntrack_ftp ports=21");
        const string expected =
            "/etc/modprobe.d/conntrack.conf sets it whenever the module is loaded: take hashsize out of the options of nf_conntrack there";
        Assert.Equal(expected, Describe(SysctlNames.Buckets, 66048));
        Assert.Equal(expected, Describe(SysctlNames.Max, 8 * 66048));
        Assert.Equal(Nobody, Describe(SysctlNames.Max, 66048));
        Assert.Equal(Nobody, Describe(SysctlNames.Accounting, 1));
    }

    [Theory]
    [InlineData(SysctlNames.Max, "conntrack.maxPerCore and conntrack.min to 0")]
    [InlineData(SysctlNames.Buckets, "conntrack.maxPerCore and conntrack.min to 0")]
    [InlineData(SysctlNames.TcpTimeoutEstablished, "conntrack.tcpEstablishedTimeout to 0s")]
    [InlineData(SysctlNames.TcpTimeoutCloseWait, "conntrack.tcpCloseWaitTimeout to 0s")]
    [InlineData(SysctlNames.TcpBeLiberal, "conntrack.tcpBeLiberal to false")]
    [InlineData(SysctlNames.UdpTimeout, "conntrack.udpTimeout to 0s")]
    [InlineData(SysctlNames.UdpTimeoutStream, "conntrack.udpStreamTimeout to 0s")]
    public void Kube_proxy_is_named_where_there_is_one_with_the_field_of_each_key_that_it_writes(string name, string fields)
    {
        Assert.Equal(Nobody, Describe(name, 7));
        File("123/comm", "kube-proxy");
        var expected = $"kube-proxy runs here and sets it when it starts: set {fields} in its configuration";
        Assert.Equal(expected, Describe(name, 7));
        File("123/comm", "kube-proxy-not");
        Assert.Equal(Nobody, Describe(name, 7));

        // By its port, where its process can't be seen; a connection to that port is not it.
        const string head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
        File("net/tcp", head + "   0: 0100007F:C001 0100007F:2809 01 00000000:00000000 00:00000000 00000000     0        0 1 1");
        Assert.Equal(Nobody, Describe(name, 7));
        File("net/tcp", head + "   0: 0100007F:2809 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1");
        Assert.Equal(expected, Describe(name, 7));
        Assert.Equal(Nobody, Describe(SysctlNames.Accounting, 1));
    }

    public void Dispose() => _root.Delete(recursive: true);

    private string Describe(string name, long? found) => new OverwriteSourceFinder(_root.FullName, _root.FullName).Describe(name, found);

    private void File(string path, string content)
    {
        var file = Path.Combine(_root.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        System.IO.File.WriteAllText(file, content + "\n");
    }
}
