using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.Flushing;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Deleting;
using ConntrackOperator.Netfilter.Matching;
using ConntrackOperator.Netfilter.Netlink;
using Microsoft.Extensions.Time.Testing;

namespace ConntrackOperator.Engine.Tests.Flushing;

/// <summary>Once on each node: killed between every two steps, with a disk that fails and a record that is lost.</summary>
public sealed class FlushRunnerTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("conntrack-operator-test-");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero));
    private readonly Deletions _deletions = new();
    private StateDirectory? _state;

    /// <summary>Where the agent is killed: after this has been done, and before the next.</summary>
    public enum Step
    {
        PlanReceived,
        RecordWrittenAside,
        BeginRecorded,
        PartDeleted,
        AllDeleted,
        EndRecorded,
        Reported,
    }

    public static TheoryData<Step, bool> Kills
    {
        get
        {
            var kills = new TheoryData<Step, bool>();
            foreach (var step in Enum.GetValues<Step>())
            {
                kills.Add(step, false);
                kills.Add(step, true);
            }

            return kills;
        }
    }

    private string Record => Path.Combine(_root.FullName, "flushes.json");

    [Theory, MemberData(nameof(Kills))]
    public async Task Killed_between_any_two_steps_it_is_done_at_most_once_and_ends(Step step, bool statusArrives)
    {
        NodeStatus? stored = null;
        var runner = Start();
        runner.Adopt(stored);
        if (step == Step.RecordWrittenAside)
        {
            File.WriteAllText(Record + ".new", "[{\"uid\":\"a\"");
        }
        else if (step > Step.RecordWrittenAside)
        {
            _deletions.Stop = step is Step.BeginRecorded or Step.PartDeleted;
            runner.Turn([Flush("a")]);
            await _deletions.Begun.Task.WaitAsync(TestContext.Current.CancellationToken);
            if (step >= Step.AllDeleted)
            {
                await runner.SettleAsync();
            }

            if (step >= Step.EndRecorded)
            {
                runner.Turn([Flush("a")]);
            }

            stored = step == Step.Reported || statusArrives ? Report(runner) : null;
        }

        // However often it is started again, each time with the same plan: it ends, and the same way.
        Kill();
        List<NodeFlushStatus> ends = [];
        for (var start = 0; start < 3; start++)
        {
            var next = Start();
            next.Adopt(stored);
            Assert.Null(next.Problem);
            next.Turn([Flush("a")]);
            await next.SettleAsync();
            next.Turn([Flush("a")]);
            ends.Add(Assert.Single(next.Statuses));
            Assert.NotNull(ends[^1].FinishedAt);
            _time.Advance(TimeSpan.FromMinutes(1));
            Kill();
        }

        Assert.Equal(1, _deletions.Count);
        Assert.All(ends, end => Assert.Equal(ends[0], end));
        if (step is Step.BeginRecorded or Step.PartDeleted or Step.AllDeleted)
        {
            Assert.Contains("stopped before it ended", ends[0].Error, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal((7L, 7L, null), (ends[0].Matched, ends[0].Deleted, ends[0].Error));
        }
    }

    [Fact]
    public void Offloaded_entries_are_named_beside_what_else_failed()
    {
        var result = new DeleteResult
        {
            Examined = 30_000,
            Matched = 20_000,
            Deleted = 7_999,
            Offloaded = 12_000,
            Failed = 1,
            Error = "in use",
            Gone = 0,
            Kept = 0,
            AskedAgain = 0,
            DelayP99 = null,
            DelayLongest = null,
            DryRun = false,
            Complete = true,
            Elapsed = TimeSpan.Zero,
        };
        Assert.Equal("1 entries could not be deleted: in use; 12,000 of them are offloaded and can't be deleted", FlushErrors.Of(result));
        Assert.Equal("1 of them is offloaded and can't be deleted", FlushErrors.Of(result with { Failed = 0, Offloaded = 1 }));
        Assert.Null(FlushErrors.Of(result with { Failed = 0, Offloaded = 0 }));
        Assert.Equal(
            "it ended after about 7999 entries were deleted: the kernel would not",
            FlushErrors.Of(
                result with { Failed = 0, Offloaded = 0, Complete = false, Approximate = true, Stopped = "the kernel would not" }));
    }

    [Fact]
    public async Task That_counts_are_approximate_is_kept_on_disk_and_told_and_what_was_deleted_before_a_failure_counts()
    {
        var runner = Start();
        _deletions.Result = r => r with { Approximate = true, Complete = false, Stopped = "no buffer space" };
        await DoAsync(runner, "a");
        var told = Assert.Single(runner.Statuses);
        Assert.Equal((true, 7L), (told.Approximate, told.Deleted));
        Assert.Contains("after about 7 entries were deleted: no buffer space", told.Error, StringComparison.Ordinal);
        Kill();
        var next = Start();
        next.Turn([Flush("a")]);
        Assert.Equal(told, Assert.Single(next.Statuses));
    }

    [Fact]
    public async Task One_whose_conditions_an_older_controller_did_not_count_waits_for_the_newer_and_holds_up_no_other()
    {
        var runner = Start();
        NodeFlush[] asked = [Flush("a") with { Conditions = null }, Flush("b")];
        for (var turn = 0; turn < 3; turn++)
        {
            runner.Turn(asked);
            await runner.SettleAsync();
            _time.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal((1, "b"), (_deletions.Count, Assert.Single(runner.Statuses).Uid));
        await DoAsync(runner, "a", "b");
        Assert.Equal((2, 2), (_deletions.Count, runner.Statuses.Count));
        Assert.All(runner.Statuses, status => Assert.Null(status.Error));
    }

    [Fact]
    public async Task One_without_conditions_deletes_nothing_and_holds_up_no_other()
    {
        var runner = Start();
        NodeFlush[] asked = [Flush("a") with { Match = null }, Flush("b") with { Uid = null }, Flush("c")];
        foreach (var _ in asked)
        {
            runner.Turn(asked);
            await runner.SettleAsync();
        }

        runner.Turn(asked);
        Assert.Equal([("a", "match: Required value"), ("c", null)], runner.Statuses.Select(s => (s.Uid, s.Error)));
        Assert.Equal(1, _deletions.Count);
    }

    [Fact]
    public async Task With_a_condition_lost_on_the_way_nothing_is_deleted()
    {
        var runner = Start();
        NodeFlush[] asked = [Flush("a") with { Match = new FlushMatch { Protocol = ProtocolValue.Of("UDP") }, Conditions = 2 }];
        runner.Turn(asked);
        await runner.SettleAsync();
        runner.Turn(asked);
        Assert.Equal(0, _deletions.Count);
        Assert.StartsWith("nothing was deleted: of the match's ", Assert.Single(runner.Statuses).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flush_that_was_begun_is_not_begun_again_though_the_plan_leaves_it_out_for_a_moment()
    {
        var runner = Start();
        await DoAsync(runner, "a");
        runner.Turn([]);
        Assert.Empty(runner.Statuses);
        Kill();
        runner = Start();
        await DoAsync(runner, "a");
        Assert.Equal((1, 7L), (_deletions.Count, runner.Statuses[0].Deleted));
    }

    [Fact]
    public async Task The_record_does_not_grow_for_ever_and_never_loses_what_the_plan_asks_for()
    {
        var runner = Start();
        await DoAsync(runner, "first");
        for (var i = 0; i < 300; i++)
        {
            runner.Turn([Flush("first"), Flush($"{i}")]);
            await runner.SettleAsync();
            runner.Turn([Flush("first"), Flush($"{i}")]);
        }

        Assert.Equal(301, _deletions.Count);
        Assert.InRange(new FileInfo(Record).Length, 1, 40_000);
        Kill();
        runner = Start();
        await DoAsync(runner, "first");
        Assert.Equal(301, _deletions.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[null]")]
    [InlineData("[{}]")]
    [InlineData("{\"uid\":\"a\"}")]
    [InlineData("[{\"uid\":\"a\",\"finishedAt\":\"2026-")]
    [InlineData("\0\0\0\0\0\0\0\0")]
    public async Task A_record_that_is_no_record_is_kept_and_what_the_first_plan_asks_for_is_not_done(string content)
    {
        File.WriteAllText(Record, content);
        var runner = Start();
        Assert.Contains($"{Record} could not be read", runner.Problem, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(Record + ".corrupt"));
        await DoAsync(runner, "a");
        var refused = Assert.Single(runner.Statuses);
        Assert.Equal((0, 0L), (_deletions.Count, refused.Deleted ?? 0));
        Assert.Contains("it is not known whether this was done before", refused.Error, StringComparison.Ordinal);

        // The next one was made when the record was there again.
        await DoAsync(runner, "a", "b");
        Assert.Equal((1, 2), (_deletions.Count, runner.Statuses.Count));
        Kill();
        runner = Start();
        Assert.Null(runner.Problem);
        await DoAsync(runner, "a", "b");
        Assert.Equal(1, _deletions.Count);
        Assert.Equal(refused, runner.Statuses[0]);
    }

    [Fact]
    public async Task A_record_that_can_not_be_opened_stops_neither_the_agent_nor_makes_it_do_anything_twice()
    {
        Directory.CreateDirectory(Record);
        var runner = Start();
        Assert.NotNull(runner.Problem);
        Assert.Throws<IOException>(() => runner.Turn([Flush("a")]));
        Assert.Contains("it is not known whether this was done before", Assert.Single(runner.Statuses).Error, StringComparison.Ordinal);
        await runner.SettleAsync();
        Assert.Equal(0, _deletions.Count);
    }

    [Fact]
    public async Task A_record_that_is_gone_although_an_agent_reported_from_here_is_no_leave_to_do_it_again()
    {
        var runner = Start();
        _deletions.Stop = true;
        runner.Turn([Flush("a")]);
        await _deletions.Begun.Task.WaitAsync(TestContext.Current.CancellationToken);
        var stored = Report(runner);
        Kill();
        File.Delete(Record);

        runner = Start();
        runner.Adopt(stored);
        await DoAsync(runner, "a");
        Assert.Equal(1, _deletions.Count);
        Assert.Contains("was lost, so it is not known", Assert.Single(runner.Statuses).Error, StringComparison.Ordinal);
        await DoAsync(runner, "a", "b");
        Assert.Equal(2, _deletions.Count);
    }

    [Fact]
    public async Task What_the_status_tells_is_not_done_again_and_one_without_an_end_is_given_one()
    {
        var runner = Start();
        runner.Adopt(new NodeStatus
        {
            Flushes =
            [
                new NodeFlushStatus { Uid = "a", Matched = 3, Deleted = 2, FinishedAt = _time.GetUtcNow() },
                new NodeFlushStatus { Uid = "b" },
                new NodeFlushStatus { Matched = 1 },
            ],
        });
        await DoAsync(runner, "a", "b");
        Assert.Equal(0, _deletions.Count);
        Assert.Equal((3L, 2L, null), (runner.Statuses[0].Matched, runner.Statuses[0].Deleted, runner.Statuses[0].Error));
        Assert.NotNull(runner.Statuses[1].FinishedAt);
        Assert.Contains("how it ended is not known", runner.Statuses[1].Error, StringComparison.Ordinal);

        // It is on the disk by now: the status need not tell again.
        Kill();
        runner = Start();
        await DoAsync(runner, "a", "b");
        Assert.Equal(0, _deletions.Count);
    }

    [Fact]
    public void Nothing_begins_that_the_disk_does_not_know_of_and_after_a_minute_it_is_given_up()
    {
        var runner = Start();
        runner.Turn([]);
        BreakDisk();
        Assert.Throws<IOException>(() => runner.Turn([Flush("a")]));
        Assert.Empty(runner.Statuses);
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Throws<IOException>(() => runner.Turn([Flush("a")]));
        Assert.Contains("nothing was deleted: its begin can't be recorded", Assert.Single(runner.Statuses).Error, StringComparison.Ordinal);
        Assert.Equal((0, false), (_deletions.Count, runner.IsRunning));

        // What was reported stands, also when the disk is well again.
        MendDisk();
        runner.Turn([Flush("a")]);
        Assert.Equal((0, false), (_deletions.Count, runner.IsRunning));
    }

    [Fact]
    public async Task A_disk_that_is_full_for_a_moment_only_delays_it()
    {
        var runner = Start();
        BreakDisk();
        Assert.Throws<IOException>(() => runner.Turn([Flush("a")]));
        MendDisk();
        await DoAsync(runner, "a");
        Assert.Equal((1, 7L), (_deletions.Count, runner.Statuses[0].Deleted));
    }

    [Fact]
    public async Task An_end_that_can_not_be_recorded_is_reported_all_the_same_and_not_done_again_after_a_kill()
    {
        var runner = Start();
        runner.Turn([Flush("a")]);
        await runner.SettleAsync();
        BreakDisk();
        Assert.Throws<IOException>(() => runner.Turn([Flush("a")]));
        Assert.Equal(7, Assert.Single(runner.Statuses).Deleted);
        var reported = Report(runner);
        Kill();
        MendDisk();

        // What was reported is better known than that it was cut off; where nothing was, or no end, that is all there is to say.
        runner = Start();
        runner.Adopt(reported);
        await DoAsync(runner, "a");
        Assert.Equal(reported.Flushes![0], Assert.Single(runner.Statuses));
        Kill();
        File.WriteAllText(Record, """[{"uid":"a"}]""");
        runner = Start();
        runner.Adopt(reported with { Flushes = [reported.Flushes[0] with { FinishedAt = null }] });
        await DoAsync(runner, "a");
        Assert.Equal(1, _deletions.Count);
        Assert.Contains("stopped before it ended", runner.Statuses[0].Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whatever_the_deletion_throws_ends_the_flush_and_not_the_agent()
    {
        foreach (var error in new Exception[]
        {
            new NetlinkException("read the conntrack table", 1, "no"),
            new InvalidOperationException("a fault of ours"),
            new OperationCanceledException("cancelled"),
        })
        {
            _deletions.Error = error;
            var runner = Start();
            var uid = error.GetType().Name;
            await DoAsync(runner, uid);
            Assert.NotNull(Assert.Single(runner.Statuses).Error);
            Assert.False(runner.IsRunning);
            await DoAsync(runner, uid);
            Kill();
        }

        Assert.Equal(3, _deletions.Count);
    }

    [Fact]
    public void A_plan_that_was_kept_through_a_reboot_does_not_flush()
    {
        using var machine = new Machine();
        var plan = new CachedPlan { Node = "n", Spec = new NodeSpec { Settings = [], Flushes = [Flush("a")] } };
        machine.Engine.SetPlan(plan);
        Assert.Null(machine.Engine.Plan!.Spec!.Flushes);
        Assert.DoesNotContain("flushes", File.ReadAllText(machine.PlanFile), StringComparison.Ordinal);

        // One that an older version wrote, with its flushes, and nobody who asks for them now.
        File.WriteAllText(machine.PlanFile, """{"node":"n","spec":{"settings":[],"flushes":[{"uid":"a","match":{"all":true}}]}}""");
        machine.Restart();
        machine.Boot("boot-2");
        Assert.Equal("a", machine.Engine.Plan!.Spec!.Flushes![0].Uid);
        Assert.False(machine.Engine.Flush());
        Assert.False(machine.Engine.IsFlushing);
        Assert.Null(machine.Report().Flushes);
    }

    [Fact]
    public void After_a_reboot_one_that_was_begun_before_is_not_begun_again()
    {
        // The record knows of no boot: neither the same nor another one makes it do a flush twice.
        using var machine = new Machine();
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(machine.State).FullName, "flushes.json"), """[{"uid":"a"},{"uid":"b","finishedAt":"2026-01-31T11:00:00Z","deleted":4}]""");
        machine.Boot("boot-2");
        machine.Engine.SetPlan(new CachedPlan { Node = "n", Spec = new NodeSpec { Settings = [], Flushes = [Flush("a"), Flush("b")] } });
        Assert.True(machine.Engine.Flush());
        Assert.False(machine.Engine.IsFlushing);
        var flushes = machine.Report().Flushes!;
        Assert.Equal(["a", "b"], flushes.Select(f => f.Uid));
        Assert.Contains("stopped before it ended", flushes[0].Error, StringComparison.Ordinal);
        Assert.Equal((4L, null), (flushes[1].Deleted, flushes[1].Error));
    }

    public void Dispose()
    {
        _deletions.Release.Cancel();
        _state?.Dispose();
        _root.Delete(recursive: true);
        _deletions.Release.Dispose();
    }

    private FlushRunner Start()
    {
        _state = StateDirectory.Open(_root.FullName);
        return new FlushRunner(_state, _deletions.Delete, _time);
    }

    // What a killed agent had in hand goes on only in the test: it never comes back to the runner.
    private void Kill()
    {
        _state!.Dispose();
        _deletions.Stop = false;
    }

    private void BreakDisk() => Directory.CreateDirectory(Record + ".new");

    private void MendDisk() => Directory.Delete(Record + ".new");

    private NodeStatus Report(FlushRunner runner) => new() { ReportedAt = _time.GetUtcNow(), Flushes = [.. runner.Statuses] };

    private static async Task DoAsync(FlushRunner runner, params string[] uids)
    {
        List<NodeFlush> asked = [.. uids.Select(Flush)];
        foreach (var _ in uids)
        {
            runner.Turn(asked);
            await runner.SettleAsync();
        }

        runner.Turn(asked);
    }

    private static NodeFlush Flush(string uid) => new() { Uid = uid, Match = new FlushMatch { All = true }, Conditions = 1 };

    /// <summary>Counts how often something is deleted.</summary>
    private sealed class Deletions
    {
        private int _count;

        internal int Count => _count;

        internal bool Stop { get; set; }

        internal Exception? Error { get; set; }

        internal Func<DeleteResult, DeleteResult> Result { get; set; } = r => r;

        internal TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal CancellationTokenSource Release { get; } = new();

        internal DeleteResult Delete(FlowMatch match, bool dryRun)
        {
            Interlocked.Increment(ref _count);
            var stop = Stop;
            Begun.TrySetResult();
            if (stop)
            {
                Release.Token.WaitHandle.WaitOne();
            }

            return Error is not null ? throw Error : Result(new DeleteResult
            {
                Examined = 10,
                Matched = 7,
                MatchingIfHeld = 0,
                Deleted = 7,
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
            });
        }
    }
}
