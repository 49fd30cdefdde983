using System.Diagnostics;
using System.Text.Json;
using ConntrackOperator.Engine.Flushing;
using ConntrackOperator.Engine.State;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;

namespace ConntrackOperator.Engine.Tests.Kernel;

/// <summary>
/// Once is at most once, with real processes, real SIGKILLs, a real disk and a real table: entries that begin after a flush had
/// begun are never taken by the one that is started again.
/// </summary>
[Collection(KernelCollection.Name)]
public sealed class FlushCrashTests
{
    private const int Entries = 20_000;
    private const int Later = 50;

    /// <summary>What is waited for before the kill comes.</summary>
    public enum Moment
    {
        BeforeItBegins,
        BeginRecorded,
        FirstEntryGone,
        HalfGone,
        NearlyAllGone,
        AllGone,
        EndRecorded,
        Reported,
    }

    public static TheoryData<Moment> Moments => [.. Enum.GetValues<Moment>()];

    [Theory, MemberData(nameof(Moments))]
    public async Task Killed_at_any_moment_a_flush_is_not_done_again_to_entries_that_came_later(Moment moment)
    {
        NetworkNamespace.Require("ip", "nft");
        using var machine = await MachineLock.TakeAsync(TestContext.Current.CancellationToken);
        using var network = new NetworkNamespace();
        network.TrackLoopback();
        Assert.Equal(SysctlStatus.Ok, network.Run(() => new SysctlDirectory().Write(SysctlNames.UdpTimeout, 86_400)).Status);
        using var flows = new NewFlows(network);
        var state = Directory.CreateTempSubdirectory("conntrack-operator-test-");
        try
        {
            Assert.Equal(0, flows.Send(Entries));
            Assert.Equal(Entries, Count(network));
            network.Run(() => StartAndKill(state.FullName, moment));

            // What the disk says, and what was really done by then.
            var left = Count(network);
            var record = Record(state.FullName);
            if (record is null)
            {
                Assert.Equal(Entries, left);
            }
            else if (record.FinishedAt is not null)
            {
                Assert.Equal((0L, (long)Entries, (long)Entries, null), (left, record.Matched, record.Deleted, record.Error));
            }

            // The kill came when it was to come, or later: the process goes on until it is dead.
            Assert.True(moment <= Moment.BeforeItBegins || record is not null, $"{moment}, but the disk knows of nothing");
            Assert.True(moment < Moment.FirstEntryGone || left < Entries, $"{moment}, but {left} entries are there");
            Assert.True(moment < Moment.EndRecorded || record!.FinishedAt is not null, $"{moment}, but the disk knows of no end");

            Assert.Equal(0, flows.Send(Later));
            var end = network.Run(() => StartToItsEnd(state.FullName));
            Assert.NotNull(end.FinishedAt);
            if (record is null)
            {
                // It had not begun: this is the once.
                Assert.Equal((0L, Entries + Later, null), (Count(network), end.Deleted, end.Error));
            }
            else
            {
                Assert.Equal(left + Later, Count(network));
                Assert.Equal(record.FinishedAt is null, end.Error?.Contains("stopped before it ended", StringComparison.Ordinal) == true);
                Assert.Equal((record.Matched, record.Deleted), (end.Matched, end.Deleted));
            }

            // And however often it is started from now on: the same end, and nothing is deleted.
            var there = Count(network);
            Assert.Equal(end, network.Run(() => StartToItsEnd(state.FullName)));
            Assert.Equal(there, Count(network));
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    private static void StartAndKill(string state, Moment moment)
    {
        using var child = Start(state);
        try
        {
            Assert.Equal("ready", child.StandardOutput.ReadLine());
            if (moment != Moment.BeforeItBegins)
            {
                child.StandardInput.WriteLine();
                if (moment == Moment.Reported)
                {
                    Assert.NotNull(child.StandardOutput.ReadLine());
                }
                else
                {
                    Assert.True(SpinWait.SpinUntil(() => HasCome(moment, state), TimeSpan.FromMinutes(2)), $"{moment} did not come");
                }
            }

            Assert.False(child.HasExited);
        }
        finally
        {
            child.Kill();
            child.WaitForExit();
        }
    }

    private static bool HasCome(Moment moment, string state) => moment switch
    {
        Moment.BeginRecorded => Record(state) is not null,
        Moment.EndRecorded => Record(state)?.FinishedAt is not null,
        _ => new SysctlDirectory().Read(SysctlNames.Count).Value <= moment switch
        {
            Moment.FirstEntryGone => Entries - 1,
            Moment.HalfGone => Entries / 2,
            Moment.NearlyAllGone => Entries / 20,
            _ => 0,
        },
    };

    private static FlushEnd StartToItsEnd(string state)
    {
        using var child = Start(state);
        Assert.Equal("ready", child.StandardOutput.ReadLine());
        child.StandardInput.WriteLine();
        var end = child.StandardOutput.ReadLine();
        child.StandardInput.WriteLine();
        child.WaitForExit();
        Assert.Equal(0, child.ExitCode);
        return JsonSerializer.Deserialize<FlushEnd>(end!, JsonSerializerOptions.Default)!;
    }

    private static Process Start(string state)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardInput = true };
        start.Environment[FlushingEngine.StateVariable] = state;
        return Process.Start(start)!;
    }

    /// <summary>What the disk knows of the flush; a file is whole or not there.</summary>
    private static FlushRecord? Record(string state)
    {
        var path = Path.Combine(state, "flushes.json");
        return File.Exists(path) && JsonSerializer.Deserialize(File.ReadAllBytes(path), EngineJson.Default.ListFlushRecord)! is [var record]
            ? record
            : null;
    }

    private static long Count(NetworkNamespace network) => network.Run(() => new SysctlDirectory().Read(SysctlNames.Count).Value!.Value);
}
