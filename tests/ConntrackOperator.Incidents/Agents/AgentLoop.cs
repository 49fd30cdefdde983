using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Engine;
using ConntrackOperator.Engine.Observation;

namespace ConntrackOperator.Incidents.Agents;

/// <summary>
/// The engine of an agent, in a process of its own in the router's namespace: looks as an agent does, but every second or so, and
/// prints each report as a line, until its standard input ends.
/// </summary>
internal static class AgentLoop
{
    internal const string Argument = "--agent";

    /// <param name="state">A state directory of its own.</param>
    internal static async Task<int> RunAsync(string state)
    {
        var options = new EngineOptions { NodeName = "router", StatePath = state, ScanInterval = TimeSpan.FromSeconds(1) };
        using (var first = NodeEngine.OpenReadOnly(options with { ScanInterval = TimeSpan.FromMilliseconds(1) }, TimeProvider.System))
        {
            // The pause after a look is two hundred times as long as it took: agents are compiled ahead, this is not.
            for (var i = 0; i < 3; i++)
            {
                Look(first, tight: true);
                await Task.Delay(2);
            }
        }

        using var engine = NodeEngine.OpenReadOnly(options, TimeProvider.System);
        var end = Task.Run(Console.In.ReadToEnd);
        while (!end.IsCompleted)
        {
            if (Look(engine, tight: false) is { } status)
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(new ConntrackNode { Status = status }, ApiJson.Default.ConntrackNode));
            }

            await Task.WhenAny(end, Task.Delay(200));
        }

        return 0;
    }

    private static NodeStatus? Look(NodeEngine engine, bool tight)
    {
        TableReading reading = engine.Observe();
        return engine.Scan(tight ? reading with { Entries = reading.Limit } : reading) ? engine.Status(reading, null) : null;
    }
}
