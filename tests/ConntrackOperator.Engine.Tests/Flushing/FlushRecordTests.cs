using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Flushing;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Matching;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Engine.Tests.Flushing;

/// <summary>What is recorded and told of flushes, beside that each is done once (<see cref="FlushRunnerTests"/>).</summary>
public sealed class FlushRecordTests : IDisposable
{
    private static readonly DateTimeOffset _earlier = new(2026, 1, 30, 8, 0, 0, TimeSpan.Zero);

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("conntrack-operator-test-");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));
    private readonly List<(int? Port, bool DryRun)> _done = [];
    private Exception? _error;
    private StateDirectory? _state;

    private string Record => Path.Combine(_root.FullName, "flushes.json");

    public void Dispose()
    {
        _state?.Dispose();
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task A_dry_run_is_one_for_the_kernel_too_and_what_is_none_is_not()
    {
        var runner = Start();
        await DoAsync(runner, Flush(1) with { DryRun = true }, Flush(2) with { DryRun = false }, Flush(3));
        Assert.Equal([(1, true), (2, false), (3, false)], _done);
    }

    [Fact]
    public async Task They_are_done_in_the_order_in_which_they_are_asked_for_and_what_was_deleted_is_added_up()
    {
        var runner = Start();
        NodeFlush[] asked = [Flush(1), Flush(2)];
        Assert.False(runner.Turn(asked));
        await runner.SettleAsync();
        Assert.True(runner.Turn(asked));
        Assert.Equal(("1", 1L), (Assert.Single(runner.Statuses).Uid, runner.Deleted));
        await runner.SettleAsync();
        Assert.True(runner.Turn(asked));
        Assert.Equal((2, 3L), (runner.Statuses.Count, runner.Deleted));
        Assert.False(runner.Turn(asked));
    }

    [Fact]
    public async Task A_restart_with_its_record_does_what_is_asked_for_since()
    {
        var runner = Start();
        await DoAsync(runner, Flush(1));
        var reported = new NodeStatus { ReportedAt = _time.GetUtcNow(), Flushes = [.. runner.Statuses] };
        runner = Restart();
        runner.Adopt(reported);
        await DoAsync(runner, Flush(1), Flush(2));
        Assert.Equal([1, 2], _done.Select(d => d.Port));
        Assert.All(runner.Statuses, s => Assert.Null(s.Error));
    }

    [Fact]
    public async Task An_agent_that_was_asked_for_nothing_yet_has_a_record_so_that_the_first_flush_after_a_restart_is_done()
    {
        Start().Turn([]);
        Assert.True(File.Exists(Record));
        var runner = Restart();
        runner.Adopt(new NodeStatus { ReportedAt = _earlier });
        await DoAsync(runner, Flush(1));
        Assert.Equal((1, null), (_done.Count, Assert.Single(runner.Statuses).Error));
    }

    [Fact]
    public async Task What_a_status_told_is_on_the_disk_and_is_told_as_it_was()
    {
        var told = new NodeFlushStatus { Uid = "1", FinishedAt = _earlier, Matched = 9, Deleted = 8, Error = "1 of them is offloaded" };
        var runner = Start();
        runner.Turn([]);
        runner = Restart();
        runner.Adopt(new NodeStatus { ReportedAt = _earlier, Flushes = [told] });
        await DoAsync(runner, Flush(1));
        Assert.Equal(told, Assert.Single(runner.Statuses));

        // The status is lost as well then: the record knows by now.
        runner = Restart();
        await DoAsync(runner, Flush(1));
        Assert.Equal(told, Assert.Single(runner.Statuses));
        Assert.Empty(_done);
    }

    [Fact]
    public async Task Where_the_record_is_lost_what_the_status_knows_is_told_and_the_rest_is_refused()
    {
        var runner = Start();
        runner.Adopt(new NodeStatus
        {
            ReportedAt = _earlier,
            Flushes = [new NodeFlushStatus { Uid = "1", FinishedAt = _earlier, Matched = 9, Deleted = 9 }],
        });
        await DoAsync(runner, Flush(1), Flush(2));
        Assert.Equal([("1", 9L), ("2", 0L)], runner.Statuses.Select(s => (s.Uid!, s.Deleted ?? 0)));
        Assert.Null(runner.Statuses[0].Error);
        Assert.Contains("it is not done", runner.Statuses[1].Error, StringComparison.Ordinal);
        Assert.Empty(_done);
    }

    [Fact]
    public async Task Of_a_long_record_the_oldest_go_that_nobody_asks_for()
    {
        var records = Enumerable.Range(100, 300).Select(i => $$"""{"uid":"{{i}}","finishedAt":"2026-01-30T08:00:00Z","deleted":{{i}}}""");
        File.WriteAllText(Record, $"[{string.Join(',', records)}]");
        var runner = Start();
        await DoAsync(runner, Flush(100), Flush(99));

        // Asked for, though the oldest; and the newest are there still.
        var kept = File.ReadAllText(Record);
        Assert.Equal([("99", 1L), ("100", 100L)], runner.Statuses.Select(s => (s.Uid!, s.Deleted!.Value)).OrderBy(s => s.Item2));
        Assert.Contains("\"399\"", kept, StringComparison.Ordinal);
        Assert.DoesNotContain("\"101\"", kept, StringComparison.Ordinal);
        Assert.InRange(kept.Split("\"uid\"").Length - 1, 200, 257);
        Assert.Equal(99, Assert.Single(_done).Port);
    }

    [Fact]
    public async Task What_nobody_expected_is_told_with_its_own_words()
    {
        _error = new InvalidOperationException("a fault of ours");
        var runner = Start();
        await DoAsync(runner, Flush(1));
        Assert.Equal("a fault of ours", Assert.Single(runner.Statuses).Error);
    }

    [Fact]
    public async Task A_turn_with_nothing_to_do_leaves_the_disk_alone()
    {
        var runner = Start();
        await DoAsync(runner, Flush(1));
        File.SetLastWriteTimeUtc(Record, _earlier.UtcDateTime);
        runner.Turn([Flush(1)]);
        Assert.Equal(_earlier.UtcDateTime, File.GetLastWriteTimeUtc(Record));
    }

    [Fact]
    public async Task A_directory_that_is_deleted_meanwhile_is_made_and_locked_again()
    {
        var runner = Start();
        await DoAsync(runner, Flush(1));
        _root.Delete(recursive: true);
        await DoAsync(runner, Flush(1), Flush(2));
        Assert.Equal([1, 2], _done.Select(d => d.Port));
        Assert.True(File.Exists(Path.Combine(_root.FullName, "lock")));
        runner = Restart();
        await DoAsync(runner, Flush(1), Flush(2));
        Assert.Equal(2, _done.Count);
    }

    [Fact]
    public void A_table_that_changes_faster_than_it_can_be_read_is_told()
    {
        Assert.Equal(
            "the table changed faster than it could be read; some entries were not looked at",
            FlushErrors.Of(Result(false) with { Complete = false }));
        Assert.Null(FlushErrors.Of(Result(false)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    public void Types_of_ICMP_go_to_their_bounds(int type)
    {
        var match = new FlushMatch { Protocol = ProtocolValue.Of("icmp"), Icmp = new() { Type = type } };
        Assert.Equal(type, (int)FlushMatches.ToFlowMatch(match).Icmp.Type!.Value);
    }

    [Fact]
    public void A_flush_without_a_match_is_refused_and_so_is_one_that_nobody_counted()
    {
        Assert.Equal(
            "match: Required value", Assert.Throws<ArgumentException>(() => FlushMatches.ToFlowMatch(new NodeFlush { Uid = "1" })).Message);
        Assert.StartsWith(
            "nothing was deleted: of the match's uncounted conditions 2 arrived",
            Assert.Throws<ArgumentException>(() => FlushMatches.ToFlowMatch(Flush(1) with { Conditions = null })).Message,
            StringComparison.Ordinal);
        Assert.StartsWith(
            "nothing was deleted: of the match's 3 conditions 2 arrived",
            Assert.Throws<ArgumentException>(() => FlushMatches.ToFlowMatch(Flush(1) with { Conditions = 3 })).Message,
            StringComparison.Ordinal);
    }

    private static NodeFlush Flush(int port) => new()
    {
        Uid = $"{port}",
        Match = new FlushMatch { Protocol = ProtocolValue.Of("tcp"), DestinationPort = port },
        Conditions = 2,
    };

    private static DeleteResult Result(bool dryRun, long deleted = 1) => new()
    {
        Examined = 10,
        Matched = deleted,
        Deleted = deleted,
        Gone = 0,
        Kept = 0,
        AskedAgain = 0,
        Failed = 0,
        Error = null,
        DelayP99 = null,
        DelayLongest = null,
        DryRun = dryRun,
        Complete = true,
        Elapsed = TimeSpan.Zero,
    };

    private static async Task DoAsync(FlushRunner runner, params NodeFlush[] asked)
    {
        for (var i = 0; i <= asked.Length; i++)
        {
            runner.Turn(asked);
            await runner.SettleAsync();
        }
    }

    private FlushRunner Start() => new(_state = StateDirectory.Open(_root.FullName), Delete, _time);

    private FlushRunner Restart()
    {
        _state!.Dispose();
        _time.Advance(TimeSpan.FromMinutes(1));
        return Start();
    }

    private DeleteResult Delete(FlowMatch match, bool dryRun)
    {
        _done.Add((match.DestinationPort, dryRun));
        return _error is not null ? throw _error : Result(dryRun, _done.Count);
    }
}
