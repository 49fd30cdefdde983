using ConntrackOperator.Api;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.TestKit;

namespace ConntrackOperator.Cluster.Tests;

public sealed class KubeconfigConnectionTests : IDisposable
{
    private static readonly ResourceType _type = ResourceType.ConntrackPolicy;

    private readonly FakeApiServer _server = new([new(_type)]);
    private readonly string _directory = Directory.CreateTempSubdirectory("kubeconfig-").FullName;

    private string Kubeconfig => Path.Combine(_directory, "config");

    [Fact]
    public async Task Token_that_is_replaced_in_the_kubeconfig_is_taken_up_without_a_restart()
    {
        Write("token: first");
        _server.AddUser("first", "me");
        var api = KubeconfigConnection.Connect(Kubeconfig, null, new ApiClientOptions());
        await ListAsync(api);

        _server.RemoveUser("first");
        _server.AddUser("second", "me");
        var refused = await Assert.ThrowsAsync<ApiException>(() => ListAsync(api));
        Assert.True(refused.IsUnauthorized);
        Write("token: second");
        await ListAsync(api);
    }

    [Fact]
    public async Task Program_that_gives_the_token_is_asked_again_when_the_server_refuses_the_one_it_gave()
    {
        var program = Path.Combine(_directory, "token.sh");
        await GiveAsync("first");
        Write($"exec: {{apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, args: [{program}], interactiveMode: Never}}");
        _server.AddUser("first", "me");
        var api = KubeconfigConnection.Connect(Kubeconfig, null, new ApiClientOptions());
        await ListAsync(api);

        _server.RemoveUser("first");
        _server.AddUser("second", "me");
        await GiveAsync("second");
        await ListAsync(api);

        Task GiveAsync(string token) => File.WriteAllTextAsync(
            program,
            $$"""echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"{{token}}"} }'""",
            TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Connections_are_kept_alive()
    {
        using var handler = ServerConnection.CreateKeptHandler();
        Assert.InRange(handler.KeepAlivePingDelay, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.InRange(handler.KeepAlivePingTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Write("token: first");
        using var own = KubeconfigConnection.CreateHandler(Kubeconfig);
        Assert.Equal((handler.KeepAlivePingDelay, handler.KeepAlivePingTimeout), (own.KeepAlivePingDelay, own.KeepAlivePingTimeout));
    }

    public void Dispose()
    {
        _server.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static async Task ListAsync(ApiClient api) =>
        await api.ListAsync(_type, null, new ListQuery(), ApiJson.Default.ConntrackPolicy, TestContext.Current.CancellationToken);

    private void Write(string user) => File.WriteAllText(Kubeconfig, $$"""
        apiVersion: v1
        kind: Config
        current-context: test
        clusters: [{name: test, cluster: {server: "{{_server.BaseAddress}}"} }]
        contexts: [{name: test, context: {cluster: test, user: test} }]
        users:
        - name: test
          user:
            {{user}}
        """);
}
