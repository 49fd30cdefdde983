using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Planning.Advice.Remedies;
using CsCheck;

namespace ConntrackOperator.Controller.Tests.Rollouts;

public sealed class RolloutModelTests
{
    private static readonly string[] _durations = ["30s", "60s", "90s"];

    [Fact]
    public void Never_more_nodes_than_allowed_are_being_changed_and_it_ends_when_all_agents_report() =>
        Gen.Select(Gen.Int[1, 8], Action.Array[1, 150]).Sample(
            (nodes, actions) =>
            {
                var world = new RolloutSimulation(nodes);
                foreach (var act in actions)
                {
                    act.Do(world);
                }

                world.Finish();
                Assert.All(
                    world.Figures,
                    f => Assert.Equal((f.Policy, nodes, nodes, 0), (f.Policy, f.Nodes.Selected, f.Nodes.Ready, f.Nodes.Waiting)));
            },
            iter: 3000, print: t => $"{t.Item1} nodes: {string.Join("; ", t.Item2.Select(a => a.What))}");

    private static Gen<Act> Action => Gen.Frequency(
        (2, Gen.Select(Gen.Int[0, 2], Spec).Select((policy, spec) => new Act(
            $"edit {RolloutSimulation.PolicyNames[policy]} {JsonSerializer.Serialize(spec, ApiJson.Default.PolicySpec)}",
            w => w.Edit(RolloutSimulation.PolicyNames[policy], spec)))),
        (3, Gen.Const(new Act("hear", w => w.Hear()))),
        (20, Node.Select(i => new Act($"begin {i}", w => w.Begin(i)))),
        (12, Gen.Select(Node, Chance, Chance).Select((i, lost, cut) => new Act(
            $"end {i}{(lost ? " lost" : cut ? " cut" : "")}", w => w.End(i, lands: !lost, isHeard: !cut)))),
        (12, Gen.Select(Node, Chance, Chance).Select((i, fails, drops) => new Act(
            $"report {i}{(fails ? " failed" : "")}{(drops ? " drops" : "")}", w => w.Report(Name(w, i), fails, drops ? 5 : 0)))),
        (2,
        Gen.Select(Node, Gen.Bool)
            .Select((i, ready) => new Act($"node {i} {(ready ? "ready" : "not ready")}", w => w.SetReady(Name(w, i), ready)))),
        (2,
        Gen.Select(Node, Gen.Bool)
            .Select((i, runs) => new Act($"agent {i} {(runs ? "runs" : "stops")}", w => w.SetAgent(Name(w, i), runs)))),
        (1, Gen.Int[1, 6].Select(minutes => new Act($"wait {minutes} m", w => w.Wait(TimeSpan.FromMinutes(minutes))))),
        (1, Gen.Bool.Select(landed => new Act($"restart{(landed ? ", what was under way lands" : "")}", w => w.Restart(landed)))));

    private static Gen<int> Node => Gen.Int[0, 7];

    private static Gen<bool> Chance => Gen.Int[0, 9].Select(i => i == 0);

    private static string Name(RolloutSimulation world, int i) => world.Names[i % world.Names.Length];

    private static Gen<PolicySpec> Spec =>
        Gen.Select(Gen.Int[-1, 1], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[0, 5], Gen.Bool)
            .Select((priority, established, timeWait, limit, pauses) => new PolicySpec
            {
                Priority = priority,
                Timeouts = new TimeoutsSpec
                {
                    Tcp = new TcpTimeoutsSpec { Established = Duration(established), TimeWait = Duration(timeWait) },
                },
                Rollout = limit == 0 ? null : new RolloutSpec
                {
                    MaxUnavailable = limit == 5 ? CountOrPercent.Of("40%") : CountOrPercent.Of(limit),
                    PauseOnDrops = pauses,
                },
            });

    private static string? Duration(int pick) => pick == 3 ? null : _durations[pick];

    private sealed record Act(string What, Action<RolloutSimulation> Do);
}
