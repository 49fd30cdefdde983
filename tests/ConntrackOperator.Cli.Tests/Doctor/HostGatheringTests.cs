using ConntrackOperator.Cli.Doctor;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Cli.Doctor.Gathering;
using ConntrackOperator.Cli.Doctor.Rules;
using ConntrackOperator.Engine;

namespace ConntrackOperator.Cli.Tests.Doctor;

/// <summary>A machine imitated by directories: /proc, its sysctls, its root.</summary>
public sealed class HostGatheringTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("doctor-").FullName;

    public HostGatheringTests()
    {
        Write("proc/sys/kernel/osrelease", "5.15.0-139-generic");
        Write("proc/sys/kernel/hostname", "host-1");
        Write("proc/sys/kernel/random/boot_id", "boot-1");
        Write("proc/sys/net/ipv4/tcp_keepalive_time", "7200");
        Write("proc/meminfo", "MemTotal:       16384000 kB");
        Write("sys/devices/system/cpu/online", "0-3");
        foreach (var (key, value) in (ReadOnlySpan<(string, string)>)[
            ("max", "262144"), ("buckets", "262144"), ("count", "10"), ("tcp_timeout_established", "432000"), ("tcp_be_liberal", "0")])
        {
            Write("netfilter/nf_conntrack_" + key, value);
        }
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Nothing_is_wrong_with_a_plain_machine() => Assert.Empty(Wrong());

    [Fact]
    public void A_kube_proxy_is_read_from_its_process_and_the_file_that_it_names()
    {
        Process("kube-proxy\0--config=/var/lib/kube-proxy/config.conf\0");
        Write("proc/4711/root/var/lib/kube-proxy/config.conf", """
            apiVersion: kubeproxy.config.k8s.io/v1alpha1
            kind: KubeProxyConfiguration
            mode: nftables
            conntrack: {maxPerCore: 16384, min: 65536}
            """);
        var wrong = Wrong();
        Assert.Contains(
            wrong,
            f =>
                f is
                {
                    Rule: "kube-proxy", Severity: DoctorSeverity.Critical,
                    What: "this machine: the next start of kube-proxy lowers nf_conntrack_max from 262,144 to 65,536"
                });
        Assert.Contains(wrong, f => f.Rule == "tcp-be-liberal" && f.What.Contains("5.15.0-139-generic", StringComparison.Ordinal));
        Assert.All(wrong, f => Assert.Empty(f.Nodes));
    }

    [Fact]
    public void A_kube_proxy_whose_configuration_can_not_be_read_is_said()
    {
        Process("kube-proxy\0--config\0/nowhere\0");
        Assert.Contains(
            Findings(),
            f => f.Rule == "kube-proxy"
                && f.What.Contains("names /nowhere with --config, which could not be read", StringComparison.Ordinal));
        Assert.Empty(Wrong());
    }

    [Fact]
    public void A_file_of_sysctls_and_kube_proxy_that_disagree_are_both_named()
    {
        Process("kube-proxy\0--conntrack-max-per-core=65536\0");
        Write("etc/sysctl.d/90-conntrack.conf", "net.netfilter.nf_conntrack_max = 1048576\n");
        Assert.Contains(
            Wrong(),
            f => f.Rule == "other-writers"
                && f.What == "this machine: /etc/sysctl.d/90-conntrack.conf sets nf_conntrack_max to 1,048,576, kube-proxy to 262,144");
    }

    [Fact]
    public void Long_chains_and_a_time_out_below_the_keepalive_are_found()
    {
        Write("netfilter/nf_conntrack_buckets", "16384");
        Write("netfilter/nf_conntrack_tcp_timeout_established", "3600");
        Assert.Equal(["hash-chains", "keepalive"], Wrong().Select(f => f.Rule));
    }

    [Theory]
    [InlineData(600_000, null, "table: {buckets: 600000}\n")]
    [InlineData(1000, 3, null)]
    [InlineData(131_073, 3, "table: {buckets: 131073}\n")]
    public void Without_a_limit_there_are_buckets_for_the_entries_that_there_are(int entries, int? refused, string? snippet)
    {
        Write("netfilter/nf_conntrack_max", "0");
        Write("netfilter/nf_conntrack_buckets", "131072");
        Write("netfilter/nf_conntrack_count", entries.ToString());
        Write("proc/net/stat/nf_conntrack", $"entries chainlength drop early_drop insert_failed\n5 {refused ?? 0} 0 0 {refused ?? 0}\n");
        var chains = Assert.Single(Wrong(), f => f.Rule == "hash-chains");
        Assert.Equal(snippet, chains.Snippet);
        Assert.Equal(snippet is null, chains.Do!.Contains("there is a bucket for each entry", StringComparison.Ordinal));
    }

    [Fact]
    public void Settings_that_can_not_be_seen_are_no_machine_on_which_nothing_is_wrong()
    {
        Directory.Delete(Path.Combine(_root, "netfilter"), recursive: true);
        Directory.CreateDirectory(Path.Combine(_root, "sys/module/nf_conntrack"));
        var facts = Read();
        Assert.EndsWith("; the table's settings can't be seen", Assert.Single(DoctorSummary.Of(facts)), StringComparison.Ordinal);
        Assert.Equal("module", Assert.Single(Wrong()).Rule);
        Assert.Equal("the settings of connection tracking", Assert.Single(facts.Unread).What);
    }

    [Fact]
    public void That_nothing_could_be_set_is_said()
    {
        File.Delete(Path.Combine(_root, "proc/sys/kernel/random/boot_id"));
        Assert.Contains("the id of this boot can't be read", Assert.Single(Read().Unread).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_that_can_not_be_read_is_not_no_limit()
    {
        File.Delete(Path.Combine(_root, "netfilter/nf_conntrack_max"));
        Directory.CreateDirectory(Path.Combine(_root, "netfilter/nf_conntrack_max"));
        Assert.EndsWith("; 10 entries, of a limit that can't be read", Assert.Single(DoctorSummary.Of(Read())), StringComparison.Ordinal);
    }

    private void Process(string commandLine)
    {
        Write("proc/4711/comm", "kube-proxy\n");
        Write("proc/4711/cmdline", commandLine);
    }

    private List<DoctorFinding> Wrong() => [.. Findings().Where(f => f.Severity != DoctorSeverity.Note)];

    private IReadOnlyList<DoctorFinding> Findings() => DoctorRules.Judge(Read(), []);

    private DoctorFacts Read() => HostGathering.Read(
        new EngineOptions
        {
            SysctlPath = Path.Combine(_root, "netfilter"),
            ProcPath = Path.Combine(_root, "proc"),
            SysPath = Path.Combine(_root, "sys"),
            HostRoot = _root,
            StatePath = Path.Combine(_root, "state"),
        },
        TimeProvider.System);

    private void Write(string path, string text)
    {
        var file = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
