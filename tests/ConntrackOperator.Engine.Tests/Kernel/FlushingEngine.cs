using System.Runtime.CompilerServices;
using System.Text.Json;
using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine.State;

namespace ConntrackOperator.Engine.Tests.Kernel;

/// <summary>
/// What <see cref="FlushCrashTests"/> kills: this test program itself, started again with <see cref="StateVariable"/> set, which
/// does what the agent does with a plan that has one flush, and ends when the flush has an end.
/// </summary>
internal static class FlushingEngine
{
    internal const string StateVariable = "CONNTRACK_OPERATOR_FLUSH_STATE";

    internal const string Uid = "11111111-2222-3333-4444-555555555555";

    [ModuleInitializer]
    internal static void Begin()
    {
        if (Environment.GetEnvironmentVariable(StateVariable) is { Length: > 0 } state)
        {
            Run(state);
            Environment.Exit(0);
        }
    }

    /// <summary>Says "ready" before anything is begun, waits for a line, and prints what it would report in the end.</summary>
    private static void Run(string state)
    {
        using var engine = new NodeEngine(new EngineOptions { StatePath = state, ScanInterval = null }, TimeProvider.System);
        engine.SetPlan(new CachedPlan
        {
            Node = "node-7",
            Generation = 1,
            Spec = new NodeSpec
            {
                Settings = [],
                Flushes = [new NodeFlush { Uid = Uid, Match = new FlushMatch { Protocol = ProtocolValue.Of("udp") }, Conditions = 1 }],
            },
        });
        engine.Enforce();
        Console.WriteLine("ready");
        Console.ReadLine();
        while (true)
        {
            engine.Flush();
            if (engine.Status(engine.Observe(), null).Flushes is [var end])
            {
                Console.WriteLine(JsonSerializer.Serialize(
                    new FlushEnd(end.Matched ?? 0, end.Deleted ?? 0, end.Error, end.FinishedAt), JsonSerializerOptions.Default));
                Console.ReadLine();
                return;
            }

            Thread.Sleep(1);
        }
    }
}
