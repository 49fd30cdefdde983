using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Faults;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Cluster.Tests;

public sealed class AddressOwnersTests : IDisposable
{
    private static readonly AddressOwnerOptions _options = new() { Remembered = 8 };

    private readonly FakeApiServer _server = new([new(ResourceType.Pod)]);
    private readonly FakeTimeProvider _time = new();
    private readonly AddressOwners _owners;

    public AddressOwnersTests()
    {
        _owners = new AddressOwners(_server.CreateClient(), _options, _time);
        Pod("cart-1", "10.0.0.1");
        Pod("job-1", "10.0.0.2", phase: "Succeeded");
        Pod("heir-of-job-1", "10.0.0.2", phase: "Pending");
        Pod("proxy", "192.0.2.7", hostNetwork: true);
        Pod("gone", "10.0.0.3", phase: "Failed");
    }

    [Theory]
    [InlineData("10.0.0.1", "pod shop/cart-1")]
    [InlineData("10.0.0.2", "pod shop/heir-of-job-1")]
    [InlineData("192.0.2.7", "node node-7")]
    [InlineData("10.0.0.3", null)]
    [InlineData("10.0.0.99", null)]
    public async Task Address_belongs_to_the_pod_that_lives_and_one_of_the_hosts_network_to_the_node(string address, string? owner)
    {
        await LearnAsync(address);
        Assert.Equal(owner, _owners.Find(address)?.ToString());
    }

    [Fact]
    public async Task One_question_an_address_answered_from_the_servers_cache_and_none_for_what_is_known()
    {
        Assert.Equal(2, await LearnAsync("10.0.0.1", "10.0.0.99"));
        Assert.Equal(0, await LearnAsync("10.0.0.1", "10.0.0.99"));
        Assert.Equal(2, _server.Requests.All.Count);
        Assert.All(_server.Requests.All, request => Assert.Equal("0", request.Query["resourceVersion"]));
    }

    [Fact]
    public async Task Of_a_node_only_its_own_pods_are_told()
    {
        Assert.Equal(1, await _owners.LearnAsync(["10.0.0.1"], 10, TestContext.Current.CancellationToken, "node-7"));
        Assert.Equal(1, await _owners.LearnAsync(["10.0.0.1"], 10, TestContext.Current.CancellationToken, "node-8"));
        Assert.Equal("pod shop/cart-1", _owners.Find("10.0.0.1", "node-7")?.ToString());
        Assert.Null(_owners.Find("10.0.0.1", "node-8"));
        Assert.Null(_owners.Find("10.0.0.1"));
    }

    [Fact]
    public async Task No_more_is_asked_in_a_minute_than_may_be_and_one_node_leaves_the_others_their_share()
    {
        var options = new AddressOwnerOptions { Remembered = 100, MostInAMinute = 5, MostOfANode = 3 };
        var owners = new AddressOwners(_server.CreateClient(), options, _time);
        Task<int> Ask(string node) => owners.LearnAsync(
            Enumerable.Range(1, 9).Select(i => $"10.1.0.{i}"), 9, TestContext.Current.CancellationToken, node);
        Assert.Equal((3, 0, 2, 0), (await Ask("a"), await Ask("a"), await Ask("b"), await Ask("c")));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(3, await Ask("a"));
    }

    [Fact]
    public async Task Answer_is_told_for_longer_than_it_is_believed_where_that_is_asked_for()
    {
        var owners = new AddressOwners(_server.CreateClient(), new AddressOwnerOptions { Told = TimeSpan.FromMinutes(3) }, _time);
        await owners.LearnAsync(["10.0.0.1"], 1, TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.NotNull(owners.Find("10.0.0.1"));
        Assert.Equal(1, await owners.LearnAsync(["10.0.0.1"], 1, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Answer_is_believed_for_a_minute_since_addresses_are_given_to_other_pods()
    {
        await LearnAsync("10.0.0.1");
        _time.Advance(_options.Believed - TimeSpan.FromSeconds(1));
        Assert.NotNull(_owners.Find("10.0.0.1"));
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(_owners.Find("10.0.0.1"));
        Assert.Equal(1, await LearnAsync("10.0.0.1"));
        Assert.NotNull(_owners.Find("10.0.0.1"));
    }

    [Theory]
    [InlineData("10.0.0.1,metadata.namespace=kube-system")]
    [InlineData("fe80::1%lo,metadata.namespace=kube-system")]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("cart")]
    public async Task What_is_no_address_is_asked_of_nobody(string? address) => Assert.Equal(0, await LearnAsync(address));

    [Fact]
    public async Task Without_the_right_addresses_have_no_names_and_nothing_is_asked_again_for_a_minute()
    {
        _server.Authorize = _ => false;
        Assert.Equal(1, await LearnAsync("10.0.0.1", "10.0.0.2"));
        Assert.Contains("pods", _owners.Problem, StringComparison.Ordinal);
        Assert.Equal(0, await LearnAsync("10.0.0.1", "10.0.0.2"));
        Assert.Null(_owners.Find("10.0.0.1"));

        _server.Authorize = null;
        _time.Advance(_options.QuietAfterFailure);
        Assert.Equal(2, await LearnAsync("10.0.0.1", "10.0.0.2"));
        Assert.Null(_owners.Problem);
        Assert.NotNull(_owners.Find("10.0.0.1"));
    }

    [Fact]
    public async Task Server_that_does_not_answer_is_waited_for_no_longer_than_patience_lasts()
    {
        _server.Faults.Add(_ => true, 1, FaultAction.Hang());
        var asking = LearnAsync("10.0.0.1", "10.0.0.2");
        await Eventually.UntilAsync(() => asking.IsCompleted, () => _time.Advance(TimeSpan.FromSeconds(1)));
        Assert.Equal(1, await asking);
        Assert.Equal("no answer in time", _owners.Problem);
    }

    [Fact]
    public async Task Who_cancels_is_told_so()
    {
        using var stop = new CancellationTokenSource();
        _server.Faults.Add(_ => true, 1, FaultAction.Hang());
        var asking = _owners.LearnAsync(["10.0.0.1"], 10, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task Remembers_no_more_than_it_may_and_the_newest_answers()
    {
        for (var i = 100; i < 150; i++)
        {
            await LearnAsync($"10.0.0.{i}");
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.InRange(_owners.Count, 1, _options.Remembered);
        Assert.Equal(0, await LearnAsync("10.0.0.149"));
    }

    [Fact]
    public async Task Asks_no_more_than_it_may_at_a_time() =>
        Assert.Equal(
            3, await _owners.LearnAsync(Enumerable.Range(1, 50).Select(i => $"10.0.0.{i}"), 3, TestContext.Current.CancellationToken));

    public void Dispose() => _server.Dispose();

    private Task<int> LearnAsync(params string?[] addresses) => _owners.LearnAsync(addresses, 10, TestContext.Current.CancellationToken);

    private void Pod(string name, string address, string phase = "Running", bool hostNetwork = false) => _server.Put(ResourceType.Pod, $$"""
        {"metadata":{"name":"{{name}}","namespace":"shop"},"spec":{"nodeName":"node-7","hostNetwork":{{(hostNetwork ? "true" : "false")}} },
         "status":{"phase":"{{phase}}","podIP":"{{address}}","podIPs":[{"ip":"{{address}}"}]} }
        """);
}
