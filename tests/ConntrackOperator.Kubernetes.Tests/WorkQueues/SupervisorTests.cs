using ConntrackOperator.Kubernetes.WorkQueues;

namespace ConntrackOperator.Kubernetes.Tests.WorkQueues;

public sealed class SupervisorTests : IDisposable
{
    private readonly RecordedLog _log = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _ended = [];

    [Fact]
    public async Task Part_that_throws_ends_all_and_the_log_says_which_and_why()
    {
        var e = await Assert.ThrowsAsync<PartEndedException>(() => Supervisor().RunAsync(
            [("the first", Forever("first")), ("the second", _ => throw new InsufficientMemoryException("no more")),
            ("the third", Forever("third"))], _stop.Token));
        Assert.Equal(["first", "third"], _ended.Order(StringComparer.Ordinal));
        Assert.IsType<InsufficientMemoryException>(e.InnerException);
        Assert.Equal(["the second failed: InsufficientMemoryException: no more"], _log.Warnings);
    }

    [Fact]
    public async Task Part_that_throws_later_ends_all_as_well()
    {
        var e = await Assert.ThrowsAsync<PartEndedException>(() => Supervisor().RunAsync(
            [("a", Forever("a")), ("b", async ct => { await Task.Yield(); throw new InvalidOperationException("a defect"); })],
            _stop.Token));
        Assert.Equal("b", e.Part);
        Assert.Equal(["a"], _ended);
    }

    [Fact]
    public async Task Part_that_ends_without_a_word_or_gives_up_is_no_better()
    {
        foreach (Func<CancellationToken, Task> end in (Func<CancellationToken, Task>[])[
            _ => Task.CompletedTask, _ => Task.FromCanceled(new CancellationToken(true))])
        {
            var e = await Assert.ThrowsAsync<PartEndedException>(
                () => Supervisor().RunAsync([("a", Forever("a")), ("b", end)], _stop.Token));
            Assert.Equal("b", e.Part);
        }

        Assert.Equal("b ended, which it never should", _log.Warnings.First());
        Assert.Equal(2, _log.Warnings.Count);
    }

    [Fact]
    public async Task Stop_waits_for_all_parts_and_is_no_failure()
    {
        var running = Supervisor().RunAsync([("a", Forever("a")), ("b", Forever("b"))], _stop.Token);
        await _stop.CancelAsync();
        await running;
        Assert.Equal(["a", "b"], _ended.Order(StringComparer.Ordinal));
        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public async Task Part_that_fails_while_it_stops_is_told()
    {
        var running = Supervisor().RunAsync(
            [("a", Forever("a")),
            ("b", async ct => { await Task.WhenAny(Task.Delay(Timeout.Infinite, ct)); throw new IOException("at the end"); })],
        _stop.Token);
        await _stop.CancelAsync();
        Assert.Equal("b", (await Assert.ThrowsAsync<PartEndedException>(() => running)).Part);
        Assert.Equal(["b failed: IOException: at the end"], _log.Warnings);
    }

    [Fact]
    public async Task Part_that_fails_before_the_others_have_stopped_is_told_too()
    {
        Task? failing = null;
        async Task Fail(CancellationToken ct)
        {
            await Task.WhenAny(Task.Delay(Timeout.Infinite, ct));
            throw new IOException("at the end");
        }

        async Task Outlast(CancellationToken ct)
        {
            await Task.WhenAny(Task.Delay(Timeout.Infinite, ct));
            await Task.WhenAny(failing!);
        }

        var running = Supervisor().RunAsync([("b", ct => failing = Fail(ct)), ("a", Outlast)], _stop.Token);
        await _stop.CancelAsync();
        Assert.Equal("b", (await Assert.ThrowsAsync<PartEndedException>(() => running)).Part);
        Assert.Equal(["b failed: IOException: at the end"], _log.Warnings);
    }

    [Fact]
    public async Task Part_that_does_not_end_is_not_waited_for_for_ever()
    {
        var never = new TaskCompletionSource();
        string? said = null;
        var supervisor = new Supervisor(_log) { Patience = TimeSpan.FromMilliseconds(100), EndProcess = text => said = text };
        var e = await Assert.ThrowsAsync<PartEndedException>(() => supervisor.RunAsync(
            [("the deaf one", _ => never.Task), ("the broken one", _ => throw new InvalidOperationException("a defect"))], _stop.Token));
        Assert.Equal("the broken one", e.Part);
        Assert.Equal(
            "the deaf one did not end within 0.1 s of being told to, which was because the broken one failed: InvalidOperationException: "
                + "a defect", said);
        Assert.Contains(said, _log.Warnings);
    }

    public void Dispose() => _stop.Dispose();

    private Supervisor Supervisor() => new(_log) { EndProcess = text => Assert.Fail(text) };

    private Func<CancellationToken, Task> Forever(string name) => async ct =>
    {
        await Task.WhenAny(Task.Delay(Timeout.Infinite, ct));
        lock (_ended)
        {
            _ended.Add(name);
        }

        ct.ThrowIfCancellationRequested();
    };
}
