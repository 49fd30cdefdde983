using System.Net.Http.Headers;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.WorkQueues;
using ConntrackOperator.Simulation;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Controller.Tests.Behaviour;

/// <summary>What dies inside the controller ends it, and the log says why.</summary>
public sealed class SupervisionTests() : SimulatedClusterTest(User)
{
    private const string User = "controller";
    private readonly ListLog _log = new();

    [Theory]
    [InlineData("conntrackpolicies", "the watch of conntrackpolicies.conntrack.dev")]
    [InlineData("conntracknodes", "the watch of conntracknodes.conntrack.dev")]
    [InlineData("conntrackflushes", "the watch of conntrackflushes.conntrack.dev")]
    [InlineData("api/v1/nodes", "the watch of nodes")]
    [InlineData("daemonsets", "the watch of daemonsets.apps")]
    public async Task Watcher_without_memory_ends_the_controller(string path, string part)
    {
        using var http = new HttpClient(new Broken(request => request.RequestUri!.Query.Contains("watch=", StringComparison.Ordinal)
            && request.RequestUri.AbsolutePath.Contains(path, StringComparison.Ordinal)));
        await EndsAsync(http, part);
    }

    [Fact]
    public async Task Recorder_that_breaks_ends_the_controller()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        using var http = new HttpClient(
            new Broken(
                request => request.Method == HttpMethod.Post
                    && request.RequestUri!.AbsolutePath.EndsWith("/events", StringComparison.Ordinal)));
        await EndsAsync(http, "the event recorder");
    }

    [Fact]
    public async Task Reconciler_without_memory_ends_the_controller()
    {
        await Cluster.CreateNodeAsync("n1");
        await Cluster.ApplyAsync("p", """{"timeouts":{"tcp":{"established":"24h"}}}""");
        using var http = new HttpClient(
            new Broken(
                request => request.Method == HttpMethod.Patch
                    && request.RequestUri!.AbsolutePath.Contains("conntracknodes/n1", StringComparison.Ordinal)));
        await EndsAsync(http, "reconcile node");
    }

    private async Task EndsAsync(HttpClient http, string part)
    {
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", User);
        var controller = RunningController.Lead(new ApiClient(http, Server.BaseAddress), null, Templates.Agent(), _log);
        await Eventually.UntilAsync(() => controller.Ended.IsCompleted, "the controller ends");
        var e = await Assert.ThrowsAsync<PartEndedException>(async () => await controller.DisposeAsync());
        Assert.Equal(part, e.Part);
        Assert.Contains(
            _log.Lines, line => line.StartsWith($"warning: {part} failed: InsufficientMemoryException", StringComparison.Ordinal));
    }

    private sealed class Broken(Func<HttpRequestMessage, bool> breaks) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            breaks(request) ? throw new InsufficientMemoryException("for the test") : base.SendAsync(request, cancellationToken);
    }
}
