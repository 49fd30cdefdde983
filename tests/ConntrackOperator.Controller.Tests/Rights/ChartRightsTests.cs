using System.Collections.Concurrent;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Controller.Tests.Rights;

/// <summary>The controller under the very roles that the chart gives it (config/rbac is made from the chart).</summary>
public sealed class ChartRightsTests : IDisposable
{
    private const string User = "controller";

    // A count of an event that comes again is written after minutes. Where OwnerReferencesPermissionEnforcement is on, as in OpenShift,
    // only who may delete an object may give it an owner.
    private static readonly string[] _notInThisTest = ["patch events", "delete leases"];

    private readonly FakeApiServer _server = new(
        TestCluster.Kinds.Append(new(ResourceType.ConntrackFlush)).Append(new(ResourceType.Pod)).DistinctBy(k => k.Type));
    private readonly List<GrantedRule> _rules = GrantedRule.Read(InRepository("config/rbac/controller.yaml"));
    private readonly ConcurrentDictionary<string, bool> _used = new();
    private readonly ConcurrentDictionary<string, bool> _denied = new();

    public ChartRightsTests()
    {
        _server.AddUser(User, User);
        _server.Authorize = request => request.User != User || request.Verb.Length == 0 || Verbs(request).All(verb => Try(request, verb));
    }

    [Fact]
    public async Task Controller_needs_what_the_charts_roles_grant_and_nothing_more()
    {
        await using var cluster = new TestCluster(_server.CreateClient());
        await using var fleet = new SimulatedFleet(cluster.Api);
        var template = Templates.From(await File.ReadAllTextAsync(InRepository("config/agent/agent.yaml"), TestCluster.Token));
        var options = RunningController.Quick with
        {
            LeaseName = "conntrack-operator-controller",
            Deployment = "conntrack-operator-controller",
            Lease = new() { RetryPeriod = TimeSpan.FromMilliseconds(100) },
        };
        _server.Put(ResourceType.Deployment, """{"metadata":{"name":"conntrack-operator-controller","namespace":"conntrack-system"} }""");
        await using (
            RunningController.Host(new ServerConnection { Server = _server.BaseAddress, Token = User }.Connect(), options, template))
        {
            await cluster.CreateNodeAsync("n1");
            await cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
            await Until(
                () => cluster.IsReady("p") && cluster.DaemonSet(template.Name) is not null, "the policy is ready and there are agents");
            await cluster.EventAsync("p", "Applied");

            // Who has the entries of a full table is looked up.
            fleet.Use("n1", 100);
            await cluster.EventAsync("n1", "TableFull");
            var owner =
                (string?)_server.Get(ResourceType.Deployment, "conntrack-operator-controller", TestCluster.Namespace)!["metadata"]!["uid"];
            await Until(
                () => Assert.Single(cluster.DaemonSet(template.Name)!.Metadata!.OwnerReferences!).Uid == owner,
                "the agents go with the controller");
            await Until(
                () => (string?)_server.Get(
                    ResourceType.Lease, "conntrack-operator-controller",
                    TestCluster.Namespace)!["metadata"]!["ownerReferences"]?[0]!["uid"] == owner, "and the lease");
            _server.Put(ResourceType.ConntrackFlush, """{"metadata":{"name":"f"},"spec":{"nodeName":"nowhere","match":{"all":true},"ttlSecondsAfterFinished":0}}""");
            await Until(() => _server.Get(ResourceType.ConntrackFlush, "f") is null, "the flush has come to its end and is cleared away");
            await cluster.DeleteAsync(ResourceType.ConntrackPolicy, "p");
            await Until(
                () => cluster.Policy("p") is null && cluster.Plan("n1") is null && cluster.DaemonSet(template.Name) is null,
                "all is put back");
        }

        Assert.Empty(_denied.Keys);
        var granted = _rules.SelectMany(rule => rule.Resources.SelectMany(resource => rule.Verbs.Select(verb => $"{verb} {resource}")))
            .Distinct();
        Assert.Empty(granted.Except(_used.Keys).Except(_notInThisTest));
    }

    public void Dispose() => _server.Dispose();

    private Task Until(Func<bool> condition, string what) => Eventually.UntilAsync(
        condition, () => Assert.True(_denied.IsEmpty, "not granted: " + string.Join(", ", _denied.Keys)), what);

    private bool Try(RequestRecord request, string verb)
    {
        var allowed = _rules.Exists(rule => rule.Allows(request, verb));
        (allowed ? _used : _denied)[$"{verb} {GrantedRule.Resource(request)}"] = true;
        return allowed;
    }

    /// <summary>Server-side apply of an object that may not be there yet is a create as well.</summary>
    private static string[] Verbs(RequestRecord request) =>
        request is { ContentType: "application/apply-patch+yaml", Subresource: null } ? ["patch", "create"] : [request.Verb];

    private static string InRepository(string path) => Path.Combine(Repository.Root, path);
}
