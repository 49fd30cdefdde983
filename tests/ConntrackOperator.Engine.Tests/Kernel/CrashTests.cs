using System.Diagnostics;
using ConntrackOperator.Netfilter.Sysctls;
using ConntrackOperator.TestKit.Kernel;
using static ConntrackOperator.TestKit.Machines.Plans;

namespace ConntrackOperator.Engine.Tests.Kernel;

[Collection(KernelCollection.Name)]
public sealed class CrashTests
{
    private const int Kills = 60;

    [Fact]
    public void However_often_the_agent_is_killed_no_original_is_lost()
    {
        NetworkNamespace.Require();
        using var network = new NetworkNamespace();
        var state = Directory.CreateTempSubdirectory("conntrack-operator-test-");
        try
        {
            var before = network.Run(() => CrashingEngine.Keys.ToDictionary(key => key, key => new SysctlDirectory().Read(key).Value));
            var random = new Random(20260131);
            var interrupted = 0;
            for (var kill = 0; kill < Kills; kill++)
            {
                network.Run(() => StartAndKill(state.FullName, TimeSpan.FromMilliseconds(20 + (random.NextDouble() * 80))));
                interrupted += network.Run(() => Check(state.FullName, before));

                // Every other time the next one starts on what the killed one left behind.
                if (kill % 2 == 1)
                {
                    network.Run(() => Restore(state.FullName, before));
                }
            }

            Assert.True(
                interrupted > Kills / 4, $"only {interrupted} of {Kills} kills came while something was set: the test shows nothing");
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    private static void StartAndKill(string state, TimeSpan after)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.Environment[CrashingEngine.StateVariable] = state;
        using var child = Process.Start(start)!;
        try
        {
            Assert.Equal("ready", child.StandardOutput.ReadLine());
            Thread.Sleep(after);
            Assert.False(child.HasExited);
        }
        finally
        {
            child.Kill();
            child.WaitForExit();
        }
    }

    /// <summary>A key holds what it held at first, or the disk knows what that was; and the disk never knows anything else.</summary>
    /// <returns>1 when the kill came while something was set or about to be.</returns>
    private static int Check(string state, Dictionary<string, long?> before)
    {
        using var look = NodeEngine.OpenReadOnly(new EngineOptions { StatePath = state }, TimeProvider.System);
        Assert.Empty(look.Problems);
        var changed = 0;
        foreach (var (key, value) in before)
        {
            var original = look.Originals.Find(key);
            var now = look.Sysctls.Read(key).Value;
            changed += now == value ? 0 : 1;
            Assert.True(now == value || original == value, $"{key} was {value}, is {now}, and its original is said to be {original}");
            Assert.True(original is null || original == value, $"{key} was {value} and its original is said to be {original}");
        }

        return changed > 0 || look.Originals.Names.Count > 0 ? 1 : 0;
    }

    private static void Restore(string state, Dictionary<string, long?> before)
    {
        using var engine = new NodeEngine(new EngineOptions { StatePath = state }, TimeProvider.System);
        engine.SetPlan(Of());
        engine.Enforce();
        Assert.True(engine.AllRestored);
        Assert.Equal(before, before.Keys.ToDictionary(key => key, key => engine.Sysctls.Read(key).Value));
    }
}
