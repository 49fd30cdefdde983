using ConntrackOperator.Api.Policies;
using ConntrackOperator.Cli.Doctor;
using ConntrackOperator.Cli.Doctor.Facts;
using ConntrackOperator.Cli.Doctor.Gathering;
using ConntrackOperator.Cli.Doctor.Rules;

namespace ConntrackOperator.Cli.Tests.Doctor;

public sealed class RecordedClusterTests
{
    public static TheoryData<string> Clusters { get; } = [.. RecordedCluster.Names];

    public static TheoryData<string, string> Faults { get; } = [
        .. RecordedCluster.Names.SelectMany(c => RecordedCluster.Faults(c).Select(f => new TheoryDataRow<string, string>(c, f.Name)))];

    [Fact]
    public void Nine_kinds_of_cluster_are_recorded_each_with_its_sources() => Assert.All(
        (string[])["aks", "calico-ebpf", "cilium", "eks", "gke", "k3s", "kubeadm", "openshift", "talos"],
        name => Assert.NotEmpty(RecordedCluster.Sources(name)));

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task Nothing_is_wrong_in_a_healthy_cluster(string name) =>
        Assert.Empty(Wrong(await FactsAsync(RecordedCluster.Load(name))));

    [Theory]
    [MemberData(nameof(Clusters))]
    public async Task Nothing_is_wrong_before_the_operator_is_installed(string name)
    {
        var facts = await FactsAsync(RecordedCluster.LoadBefore(name));
        Assert.Empty(Wrong(facts));
        Assert.Contains(DoctorRules.Judge(facts, []), f => f.What == "the operator is not installed");
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_planted_fault_is_found(string name, string fault)
    {
        var planted = RecordedCluster.Faults(name).Single(f => f.Name == fault);
        var cluster = RecordedCluster.Load(name);
        cluster.Plant(planted);
        var wrong = Wrong(await FactsAsync(cluster));
        var found = wrong.Where(f => f.Rule == planted.Rule && f.What.Contains(planted.Says, StringComparison.Ordinal)).ToList();
        Assert.True(
            found.Count == 1,
            $"looked for [{planted.Rule}] {planted.Says}\nfound\n{string.Join('\n', wrong.Select(f => $"[{f.Rule}] {f.What}"))}");
        Assert.NotEmpty(found[0].Why);
        Assert.NotEmpty(found[0].Do ?? string.Empty);
        Assert.All((string?[])[found[0].Snippet], s => Assert.True(s is null || s.EndsWith('\n'), s));
    }

    [Theory]
    [InlineData("cilium", "Cilium: connections of pods are in its own maps, not in the kernel's table", "524,288")]
    [InlineData("calico-ebpf", "Calico (eBPF): connections of pods are in its own maps, not in the kernel's table", "bpfMapSizeConntrack")]
    [InlineData(
        "openshift", "OVN-Kubernetes: connections of pods are in the kernel's table, in zones of Open vSwitch", "one nf_conntrack_max")]
    [InlineData("eks", "Amazon VPC CNI: connections of pods are in the kernel's table", "policies here reach all of them")]
    [InlineData("k3s", "Flannel: connections of pods are in the kernel's table", "flannel.alpha.coreos.com/backend-type")]
    public async Task Which_connections_are_in_the_kernels_table_is_told(string name, string what, string why)
    {
        var note = Assert.Single(DoctorRules.Judge(await FactsAsync(RecordedCluster.Load(name)), []), f => f.Rule == "network-plugin");
        Assert.Equal(what, note.What);
        Assert.Contains(why, note.Why, StringComparison.Ordinal);
    }

    // A controller that runs from a checkout has no Deployment, and its lease is in a namespace that is not known here.
    [Fact]
    public async Task Where_no_lease_was_read_nobody_says_that_no_controller_leads()
    {
        var cluster = RecordedCluster.Load("kubeadm");
        Assert.Contains(", led by ", DoctorSummary.Of(await FactsAsync(cluster))[^1], StringComparison.Ordinal);
        cluster.Plant(RecordedCluster.Faults("kubeadm").Single(f => f.Name == "there is no Deployment of a controller"));
        var facts = await FactsAsync(cluster);
        Assert.Contains(", who leads is not known, ", DoctorSummary.Of(facts)[^1], StringComparison.Ordinal);
        Assert.Contains(
            "unless a controller runs outside of a Deployment", Wrong(facts).Single(f => f.Rule == "controller").Why,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_right_is_named_and_ends_nothing()
    {
        var cluster = RecordedCluster.Load("kubeadm");
        cluster.Plant(RecordedCluster.Faults("kubeadm").Single(f => f.Rule == "hash-chains"));
        cluster.Forbidden.UnionWith(["DaemonSet", "CustomResourceDefinition"]);
        var facts = await FactsAsync(cluster);
        Assert.Contains(
            facts.Unread,
            u => u.What.StartsWith("DaemonSets: kube-proxy", StringComparison.Ordinal)
                && u.Why.Contains("\"daemonsets\"", StringComparison.Ordinal));
        Assert.Contains(facts.Unread, u => u.What.StartsWith("CustomResourceDefinitions", StringComparison.Ordinal));
        Assert.Equal(["hash-chains"], Wrong(facts).Select(f => f.Rule));
    }

    [Fact]
    public async Task Every_right_can_be_missing()
    {
        var cluster = RecordedCluster.Load("openshift");
        cluster.Forbidden.UnionWith(cluster.Objects.Select(o => o.Text("kind")));
        cluster.Forbidden.UnionWith(["Pod", "ConfigMap", "MachineConfig", "EC2NodeClass"]);
        var facts = await FactsAsync(cluster);
        Assert.Empty(Wrong(facts));
        Assert.True(facts.Unread.Count >= 8, string.Join('\n', facts.Unread));
    }

    [Fact]
    public async Task A_policy_can_be_judged_before_it_is_applied()
    {
        var policy = new ConntrackPolicy
        {
            Metadata = new() { Name = "bigger" },
            Spec = new PolicySpec { Table = new TableSpec { Size = new TableSizeSpec { Entries = 1048576 } } },
        };
        var facts = await ClusterGathering.ReadAsync(
            RecordedCluster.LoadBefore("gke"), [policy], new FixedTime(), TestContext.Current.CancellationToken);
        Assert.Equal(
            "3 nodes: the next start of kube-proxy lowers nf_conntrack_max from 1,048,576 to 262,144", Assert.Single(Wrong(facts)).What);
    }

    [Fact]
    public async Task A_rule_that_is_ignored_is_not_asked()
    {
        var cluster = RecordedCluster.Load("kubeadm");
        cluster.Plant(RecordedCluster.Faults("kubeadm").Single(f => f.Rule == "hash-chains"));
        Assert.DoesNotContain(DoctorRules.Judge(await FactsAsync(cluster), ["hash-chains"]), f => f.Severity != DoctorSeverity.Note);
    }

    private static Task<DoctorFacts> FactsAsync(RecordedCluster cluster) =>
        ClusterGathering.ReadAsync(cluster, [], new FixedTime(), TestContext.Current.CancellationToken);

    private static List<DoctorFinding> Wrong(DoctorFacts facts) =>
        [.. DoctorRules.Judge(facts, []).Where(f => f.Severity != DoctorSeverity.Note)];

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => RecordedCluster.Now;
    }
}
