using System.Diagnostics;
using System.Net;
using ConntrackOperator.Agent.Health;
using ConntrackOperator.Agent.Reporting;
using ConntrackOperator.Agent.Tests.Behaviour;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Kubernetes.Client;
using ConntrackOperator.Kubernetes.Informers;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit;
using ConntrackOperator.TestKit.Machines;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Agent.Tests.Health;

public sealed class AgentHealthTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeApiServer _server = new([AgainstTheFakeApiServerTests.Kind]);
    private readonly Informer<ConntrackNode> _watcher;
    private readonly AgentHealth _health;

    public AgentHealthTests()
    {
        _watcher = new Informer<ConntrackNode>(
            _server.CreateClient(null, _time), Reporter.Type, ApiJson.Default.ConntrackNode, null, null, _time);
        _health = new AgentHealth(_time, TimeSpan.FromSeconds(2), _watcher);
    }

    public void Dispose() => _server.Dispose();

    [Fact]
    public void Loop_that_hangs_is_no_life()
    {
        Pass(TimeSpan.FromSeconds(30));
        Assert.Null(_health.NotAlive());
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal("the kernel was not compared with the plan for 31 s", _health.NotAlive());
        _health.Loop.Mark();
        Assert.Null(_health.NotAlive());
    }

    [Fact]
    public void Watch_that_neither_answers_nor_tries_is_no_life()
    {
        Assert.Null(_health.NotAlive());
        Pass(TimeSpan.FromMinutes(21));
        Assert.Contains("the watch has neither answered nor tried again", _health.NotAlive(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_is_away_is_no_reason_to_kill_an_agent_that_goes_on()
    {
        _server.Stop();
        using var stop = new CancellationTokenSource();
        var running = _watcher.RunAsync(stop.Token);
        for (var minute = 0; minute < 60; minute++)
        {
            var failures = _watcher.Failures;
            await Eventually.UntilAsync(() => _watcher.Failures > failures, () => _time.Advance(TimeSpan.FromSeconds(1)));
            Pass(TimeSpan.FromMinutes(1));
            Assert.Null(_health.NotAlive());
        }

        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public void Agent_is_ready_when_a_plan_was_brought_to_the_kernel()
    {
        Assert.Equal("no plan was applied yet", _health.NotReady());
        _health.Enforced = true;
        Assert.Null(_health.NotReady());
        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.NotNull(_health.NotReady());
    }

    /// <summary>The real thing: a kernel file that never answers.</summary>
    [Fact]
    public async Task Endpoints_turn_503_when_the_loop_hangs_in_the_kernel()
    {
        using var machine = new Machine();
        var key = Path.Combine(machine.Keys, SysctlNames.Count);
        var address = $"127.0.0.1:{FreePort.Next()}";
        var options = RunningAgent.Options(machine, new ServerConnection { Server = _server.BaseAddress, Token = _server.Token }) with
        {
            Listen = address,
            Interval = TimeSpan.FromSeconds(2),
        };
        _server.Put(Reporter.Type, $$"""{"metadata":{"name":"{{AgentBehaviour.Node}}"},"spec":{"settings":[]} }""");
        await using var agent = RunningAgent.Start(options, _time);
        using var http = new HttpClient { BaseAddress = new Uri($"http://{address}/") };
        await Eventually.UntilAsync(
            () => Get(http, "readyz") == HttpStatusCode.OK, () => _time.Advance(TimeSpan.FromMilliseconds(100)), "ready");
        Assert.Equal(HttpStatusCode.OK, Get(http, "healthz"));

        // Whoever opens a pipe for reading waits until somebody opens it for writing.
        File.Delete(key);
        using (var mkfifo = Process.Start("mkfifo", key))
        {
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        try
        {
            await Eventually.UntilAsync(
                () => Get(http, "healthz") == HttpStatusCode.ServiceUnavailable, () => _time.Advance(TimeSpan.FromSeconds(1)), "503");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, Get(http, "readyz"));
        }
        finally
        {
            // Moved away first: a second look must not hang as well.
            var aside = key + ".pipe";
            File.Move(key, aside);
            await File.WriteAllTextAsync(key, "0\n", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(aside, "0\n", TestContext.Current.CancellationToken);
        }

        await Eventually.UntilAsync(
            () => Get(http, "healthz") == HttpStatusCode.OK, () => _time.Advance(TimeSpan.FromMilliseconds(100)), "alive again");
    }

    private static HttpStatusCode? Get(HttpClient http, string path)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            using var answer = http.Send(request);
            return answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Time goes by, and the loop turns.</summary>
    private void Pass(TimeSpan time)
    {
        _time.Advance(time);
        _health.Loop.Mark();
    }
}
