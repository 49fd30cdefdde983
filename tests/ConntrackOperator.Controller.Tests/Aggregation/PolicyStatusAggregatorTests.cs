using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Nodes;
using ConntrackOperator.Controller.Policies;
using ConntrackOperator.Controller.Tests.Policies;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Precedence;
using CsCheck;

namespace ConntrackOperator.Controller.Tests.Aggregation;

public sealed class PolicyStatusAggregatorTests
{
    private static readonly string[] _nodes = [.. Enumerable.Range(0, 30).Select(i => $"n{i:00}")];
    private static readonly string[] _policies = ["a", "b", "c"];
    private static readonly string[] _pressures = ["Normal", "Warning", "Critical"];

    private readonly PolicyStatusAggregator _aggregator = new();

    [Fact]
    public void Sums_are_what_adding_up_all_nodes_anew_gives() =>
        Gen.Select(Of(_nodes), Summary).Array[0, 120].Sample(updates =>
        {
            var aggregator = new PolicyStatusAggregator();
            var model = new Dictionary<string, NodeStatusSummary>();
            foreach (var name in _policies)
            {
                aggregator.BeginReplan(Policy(name), []);
            }

            foreach (var (node, summary) in updates)
            {
                var touched = Update(aggregator, node, summary, aggregator.Epoch).Policies;
                var expected = (model.GetValueOrDefault(node)?.Policies.Keys ?? []).Union(summary?.Policies.Keys ?? []);
                Assert.Equal(expected.Order(), touched.Order());
                model.Remove(node);
                if (summary is not null)
                {
                    model[node] = summary;
                }
            }

            foreach (var name in _policies)
            {
                Compare(name, Naive(name, model), aggregator.Snapshot(Policy(name))!);
            }
        });

    [Fact]
    public void Aggregator_says_nothing_about_a_generation_that_it_was_not_told_of()
    {
        _aggregator.BeginReplan(Policy("a", 1), []);
        Assert.NotNull(_aggregator.Snapshot(Policy("a", 1)));
        Assert.Null(_aggregator.Snapshot(Policy("a", 2)));
        Assert.Null(_aggregator.Snapshot(Policy("a", 1, "another")));
        Assert.Null(_aggregator.Snapshot(Policy("b", 1)));
    }

    [Fact]
    public void Policy_is_planned_when_every_node_was_planned_since_it_changed()
    {
        _aggregator.BeginReplan(Policy("a", 1), ["x", "y"]);
        var early = _aggregator.Epoch;
        Assert.Empty(Update(_aggregator, "x", null, early).Policies);
        Assert.Equal(1, _aggregator.Snapshot(Policy("a", 1))!.Pending);
        _aggregator.BeginReplan(Policy("a", 2), ["x", "y"]);
        // What was planned from the generation before does not count.
        Assert.Empty(Update(_aggregator, "y", null, early).Policies);
        Assert.Equal(2, _aggregator.Snapshot(Policy("a", 2))!.Pending);
        var now = _aggregator.Epoch;
        Assert.Empty(Update(_aggregator, "x", null, now).Policies);
        // It selects no node, and is told all the same.
        Assert.Equal(["a"], Update(_aggregator, "y", null, now).Policies);
        Assert.Equal(0, _aggregator.Snapshot(Policy("a", 2))!.Pending);
    }

    [Fact]
    public void Change_of_another_policy_does_not_put_a_policy_back_into_planning()
    {
        _aggregator.BeginReplan(Policy("a", 1), ["x"]);
        Update(_aggregator, "x", null, _aggregator.Epoch);
        _aggregator.BeginReplan(Policy("b", 1), ["x"]);
        Assert.Equal(0, _aggregator.Snapshot(Policy("a", 1))!.Pending);
        Assert.Equal(1, _aggregator.Snapshot(Policy("b", 1))!.Pending);
    }

    [Fact]
    public void Late_word_of_an_earlier_generation_changes_nothing()
    {
        _aggregator.BeginReplan(Policy("a", 2), ["x"]);
        _aggregator.BeginReplan(Policy("a", 1), []);
        Assert.Equal(1, _aggregator.Snapshot(Policy("a", 2))!.Pending);
        // The same generation again, when the list of nodes is complete at last, counts.
        _aggregator.BeginReplan(Policy("a", 2), ["x", "y"]);
        Assert.Equal(2, _aggregator.Snapshot(Policy("a", 2))!.Pending);
    }

    [Fact]
    public void Policy_that_comes_again_under_its_name_starts_from_nothing()
    {
        _aggregator.BeginReplan(Policy("a", 1), []);
        Update(_aggregator, "x", One("a", NodePolicyState.Ready), 1);
        _aggregator.Forget("a");
        _aggregator.BeginReplan(Policy("a", 1, "another"), ["x"]);
        Assert.Equal(0, _aggregator.Snapshot(Policy("a", 1, "another"))!.Nodes.Selected);
        Update(_aggregator, "x", One("a", NodePolicyState.Ready), _aggregator.Epoch);
        Assert.Equal(1, _aggregator.Snapshot(Policy("a", 1, "another"))!.Nodes.Selected);
    }

    /// <summary>Tells how a node is, and gives what has to be reconciled for it.</summary>
    private static RequeueSet Update(PolicyStatusAggregator aggregator, string node, NodeStatusSummary? summary, long epoch)
    {
        RequeueSet? requeued = null;
        void Take(RequeueSet set) => requeued = set;
        aggregator.Requeued += Take;
        aggregator.Update(node, summary, epoch);
        aggregator.Requeued -= Take;
        return requeued!;
    }

    private static Gen<T> Of<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Gen<NodeStatusSummary?> Summary { get; } =
        from selected in Gen.Int[0, 7]
        from states in Gen.Enum<NodePolicyState>().Array[3]
        from entries in Gen.Int[0, 100]
        from limit in Of(0, 100)
        from drops in Of<long?>(null, 0, 0, 3)
        from races in Of<long?>(null, 0, 7)
        from noLimit in Gen.Bool
        from pressure in Of(_pressures)
        from conflicts in Gen.Int[0, 5]
        from advice in Gen.Int[0, 4]
        from node in Of(_nodes)
        select selected == 0 ? null : new NodeStatusSummary(
            new NodeUsage(entries, limit, limit == 0 ? 0 : entries, drops, races, pressure, NoLimit: limit == 0 && noLimit)
            {
                Advice = advice == 0 ? null : new ReportedAdvice(advice % 3, "Kind" + advice, $"do {entries}"),
            },
            _policies.Where((_, i) => (selected & (1 << i)) != 0).ToDictionary(
                p => p, p => new NodePolicyStatus(states[Array.IndexOf(_policies, p)], "Reason", $"of {p}")),
            (selected & 3) == 3
                ? [.. Enumerable.Range(0, conflicts).Select(i => new PlanConflict($"f{i}", "a", "1", "b", "2", node))] : []);

    private static PolicyAggregateSnapshot Naive(string policy, Dictionary<string, NodeStatusSummary> model)
    {
        var mine = model.Where(n => n.Value.Policies.ContainsKey(policy)).OrderBy(n => n.Key, StringComparer.Ordinal).ToList();
        int In(NodePolicyState state) => mine.Count(n => n.Value.Policies[policy].State == state);
        return new PolicyAggregateSnapshot
        {
            Pending = 0,
            Nodes = new PolicyNodeCounts
            {
                Selected = mine.Count,
                Ready = In(NodePolicyState.Ready),
                Updating = In(NodePolicyState.Updating),
                Waiting = In(NodePolicyState.Waiting),
                Drifted = In(NodePolicyState.Drifted),
                Failed = In(NodePolicyState.Failed),
                Unreachable = In(NodePolicyState.Unreachable),
            },
            Entries = mine.Sum(n => n.Value.Usage.Entries),
            Limit = mine.Sum(n => n.Value.Usage.Limit),
            NodesWithoutLimit = mine.Count(n => n.Value.Usage.NoLimit),
            TableFullDropsPerMinute = mine.Exists(n => n.Value.Usage.TableFullDrops is not null)
                ? mine.Sum(n => n.Value.Usage.TableFullDrops ?? 0) : null,
            RacesLostPerMinute = mine.Exists(n => n.Value.Usage.RacesLost is not null) ? mine.Sum(n => n.Value.Usage.RacesLost ?? 0) : null,
            Hottest =
            [
                .. mine.Where(n => n.Value.Usage.Limit > 0).OrderByDescending(n => n.Value.Usage.Percent)
                    .ThenBy(n => n.Key, StringComparer.Ordinal).Take(20)
                    .Select(
                        n => new HotNode
                        {
                            Name = n.Key,
                            Entries = n.Value.Usage.Entries,
                            Limit = n.Value.Usage.Limit,
                            Percent = n.Value.Usage.Percent,
                            TableFullDropsPerMinute = n.Value.Usage.TableFullDrops,
                            RacesLostPerMinute = n.Value.Usage.RacesLost,
                        }),
            ],
            Failures =
            [
                .. mine.Where(
                    n => n.Value.Policies[policy].State is NodePolicyState.Failed or NodePolicyState.Drifted or NodePolicyState.Unreachable)
                    .Take(20)
                    .Select(
                        n => new NodeFailure
                        {
                            Name = n.Key,
                            Reason = n.Value.Policies[policy].Reason,
                            Message = n.Value.Policies[policy].Message,
                        }),
            ],
            Conflicts = [.. Conflicts(policy, mine).Take(3)],
            ConflictCount = Conflicts(policy, mine).Count,
            Advice = Advice(mine),
            Warning = mine.Count(n => n.Value.Usage.Pressure == "Warning"),
            Critical = mine.Count(n => n.Value.Usage.Pressure == "Critical"),
        };
    }

    private static List<ConflictSummary> Conflicts(string policy, List<KeyValuePair<string, NodeStatusSummary>> mine) =>
    [
        .. mine.SelectMany(n => n.Value.Conflicts.Where(c => c.Winner == policy || c.Loser == policy).Select(c => (c.Field, Node: n.Key)))
            .GroupBy(c => c.Field).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new ConflictSummary(g.Key, "a", "1", "b", "2", g.Count(), [.. g.Select(c => c.Node).Take(3)])),
    ];

    /// <summary>Added up anew, without a node that left.</summary>
    private static string? Advice(List<KeyValuePair<string, NodeStatusSummary>> mine)
    {
        var counts = new AdviceCounts();
        foreach (var (node, summary) in mine)
        {
            if (summary.Usage.Advice is { } advice)
            {
                counts.Add(node, advice);
            }
        }

        return counts.Summary(mine.Count);
    }

    private static void Compare(string policy, PolicyAggregateSnapshot expected, PolicyAggregateSnapshot actual)
    {
        Assert.Equal(expected.Nodes, actual.Nodes);
        Assert.Equal(
            (expected.Entries, expected.Limit, expected.TableFullDropsPerMinute),
            (actual.Entries, actual.Limit, actual.TableFullDropsPerMinute));
        Assert.Equal((expected.NodesWithoutLimit, expected.RacesLostPerMinute), (actual.NodesWithoutLimit, actual.RacesLostPerMinute));
        Assert.Equal(expected.Hottest, actual.Hottest);
        Assert.Equal(expected.Failures, actual.Failures);
        Assert.Equal(expected.Conflicts.Select(Line), actual.Conflicts.Select(Line));
        Assert.Equal((expected.ConflictCount, expected.Advice), (actual.ConflictCount, actual.Advice));

        static string Line(ConflictSummary c) =>
            $"{c.Field} {c.Winner} {c.WinnerValue} {c.Loser} {c.LoserValue} {c.Nodes} {string.Join(',', c.FirstNodes)}";
        Assert.Equal(
            (policy, expected.Warning, expected.Critical, expected.Pending), (policy, actual.Warning, actual.Critical, actual.Pending));
    }

    private static NodeStatusSummary One(string policy, NodePolicyState state) =>
        new(new NodeUsage(1, 2, 50, 0, 0, "Normal"), new Dictionary<string, NodePolicyStatus> { [policy] = new(state, null, null) }, []);

    private static ConntrackPolicy Policy(string name, long generation = 1, string uid = "uid") =>
        new() { Metadata = new ObjectMeta { Name = name, Uid = uid, Generation = generation } };
}
