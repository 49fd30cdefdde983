using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Cli.Doctor.Gathering;
using ConntrackOperator.Cli.Doctor.Rules;

namespace ConntrackOperator.Cli.Tests.Doctor;

public sealed class ProxyStartTests
{
    /// <summary>Expectations by hand from the sources of each version.</summary>
    [Theory]
    [InlineData("1.27.3", 32768, 131072, 64, 4194304, 4194304)] // never lowers
    [InlineData("1.27.3", 32768, 131072, 64, 131072, 2097152)]
    [InlineData("1.29.0", 32768, 131072, 64, 4194304, 2097152)] // exactly
    [InlineData("1.35.9", 32768, 131072, 2, 262144, 131072)] // min
    [InlineData("1.36.0", 32768, 131072, 64, 2097152, 1048576)] // the cap
    [InlineData("1.36.0", 32768, 4000000, 64, 4000000, 1048576)] // the cap is below min
    [InlineData("1.36.0", 32768, 4000000, 8, 131072, 4000000)] // min where the cap does not bite
    [InlineData("1.38.0", 32768, 131072, 64, 2097152, 2097152)] // a higher limit is left alone again
    [InlineData("1.36.0", 0, 131072, 64, 5, 5)] // min counts for nothing without maxPerCore
    public void The_limit_after_its_start_goes_by_version(string version, long perCore, long min, int cores, long before, long after)
    {
        var proxy = Proxy(version, new ProxyConntrack { MaxPerCore = perCore, Min = min });
        var writes = ProxyStart.Writes(proxy, new NodeView { Name = "n", Cores = cores }).Where(w => w.Sysctl == "nf_conntrack_max")
            .ToList();
        Assert.Equal(after, writes.Count == 0 ? before : writes[0].After(before));
    }

    // 0 is the highest limit, and kube-proxy takes it for the lowest, in every version.
    [Theory]
    [InlineData("1.27.3")]
    [InlineData("1.36.0")]
    [InlineData("1.38.0")]
    public void A_table_without_a_limit_gets_one_at_its_start_which_is_told_as_lowering(string version)
    {
        var node = new NodeView { Name = "n", Cores = 4, Actual = new Dictionary<string, long> { ["nf_conntrack_max"] = 0 } };
        var facts = new DoctorFacts { Now = default, Nodes = [node], Proxies = [Proxy(version, new ProxyConntrack())] };
        var finding = Assert.Single(
            new KubeProxyRule().Judge(facts), f => f.What.Contains("nf_conntrack_max from", StringComparison.Ordinal));
        Assert.Equal(DoctorSeverity.Critical, finding.Severity);
        Assert.Equal("1 node: the next start of kube-proxy lowers nf_conntrack_max from no limit to 131,072", finding.What);
    }

    [Fact]
    public void Another_program_that_takes_the_limit_away_is_told_so_beside_kube_proxy()
    {
        var facts = new DoctorFacts
        {
            Now = default,
            Nodes = [new NodeView { Name = "n", Cores = 4 }],
            Proxies = [Proxy("1.36.0", new ProxyConntrack())],
            Writers = [new SysctlWriter("w", "nf_conntrack_max", 0, "r")],
        };
        Assert.Equal(
            "1 node: w sets nf_conntrack_max to no limit, kube-proxy to 131,072",
            Assert.Single(new OtherWriterRule().Judge(facts)).What);
    }

    [Theory]
    [InlineData(262_145, true)]
    [InlineData(262_144, false)]
    public void Without_a_limit_the_entries_that_are_there_tell_how_long_hash_chains_are(long entries, bool found)
    {
        var node = new NodeView
        {
            Name = "n",
            Entries = entries,
            Actual = new Dictionary<string, long> { ["nf_conntrack_max"] = 0, ["nf_conntrack_buckets"] = 65_536 },
        };
        var findings = new HashChainRule().Judge(new DoctorFacts { Now = default, Nodes = [node] }).Select(f => f.What).ToList();
        Assert.Equal(
            found ? ["1 node: without a limit any number of entries may share 65,536 buckets of the hash table; 262,145 do"] : [],
            findings);
    }

    [Fact]
    public void Time_outs_of_nought_are_left_alone()
    {
        var proxy = Proxy(
            "1.34.0", new ProxyConntrack { MaxPerCore = 0, TcpEstablishedTimeout = 0, TcpCloseWaitTimeout = 60, TcpBeLiberal = true });
        Assert.Equal(
            [("nf_conntrack_tcp_timeout_close_wait", 60), ("nf_conntrack_tcp_be_liberal", 1)],
            ProxyStart.Writes(proxy, new NodeView { Name = "n", Cores = 4 }).Select(w => (w.Sysctl, w.Value)));
    }

    [Theory]
    [InlineData("24h0m0s", 86400L)]
    [InlineData("0s", 0L)]
    [InlineData("0", 0L)]
    [InlineData("1h30m", 5400L)]
    [InlineData("1.5h", 5400L)]
    [InlineData("250ms", 0L)]
    [InlineData("1d", null)]
    [InlineData("", null)]
    [InlineData("h", null)]
    public void Durations_are_read_as_Go_writes_them(string text, long? seconds) => Assert.Equal(seconds, GoDuration.Seconds(text));

    private static ProxyFacts Proxy(string version, ProxyConntrack conntrack) =>
        new() { Kind = ProxyKind.DaemonSetFlags, Source = "s", Version = KubeVersion.Find(version), Conntrack = conntrack };
}
