using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Kubernetes.Tests.Client;

public sealed class ResourceTypeTests
{
    [Theory]
    [InlineData("", "nodes", false, null, "a", null, "/api/v1/nodes/a")]
    [InlineData("", "nodes", false, null, "a", "status", "/api/v1/nodes/a/status")]
    [InlineData(
        "coordination.k8s.io", "leases", true, "kube-system", "a b", null,
        "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/a%20b")]
    [InlineData("apps", "daemonsets", true, null, null, null, "/apis/apps/v1/daemonsets")]
    [InlineData("apps", "daemonsets", true, "x", null, null, "/apis/apps/v1/namespaces/x/daemonsets")]
    public void Path_is_where_the_api_serves_it(
        string group, string plural, bool namespaced, string? ns, string? name, string? subresource, string expected) =>
        Assert.Equal(expected, new ResourceType(group, "v1", plural, "Kind", namespaced).Path(ns, name, subresource));

    [Fact]
    public void Names_that_do_not_fit_the_scope_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ResourceType.Node.Path("default", "a"));
        Assert.Throws<ArgumentException>(() => ResourceType.Lease.Path(null, "a"));
        Assert.Throws<ArgumentException>(() => ResourceType.Node.Path(null, null, "status"));
    }
}
