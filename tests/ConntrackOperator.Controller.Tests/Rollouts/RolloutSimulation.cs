using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Aggregation;
using ConntrackOperator.Controller.Nodes;
using ConntrackOperator.Controller.Policies;
using ConntrackOperator.Controller.Rollouts;
using ConntrackOperator.Planning;
using ConntrackOperator.Planning.Advice.Remedies;
using ConntrackOperator.Planning.Rollouts;
using ConntrackOperator.Planning.Sizing;

namespace ConntrackOperator.Controller.Tests.Rollouts;

/// <summary>
/// A cluster in which everything that can happen at the same time happens one after the other, in any order: policies are
/// edited, the word of it is late, nodes are planned by several workers, writes fail or land without an answer, agents
/// report or fail, nodes come and go, the controller dies. It keeps its own books of what every kernel is going through.
/// </summary>
internal sealed class RolloutSimulation
{
    public static readonly string[] PolicyNames = ["a", "b", "free"];

    private readonly Dictionary<string, ConntrackPolicy> _policies = [];
    private readonly Dictionary<string, ConntrackNode> _nodes = [];
    private readonly HashSet<string> _notReady = [];
    private readonly HashSet<string> _gone = [];

    // Not ready, or ready again and not looked at since.
    private readonly HashSet<string> _away = [];
    private readonly SortedSet<string> _queue = new(StringComparer.Ordinal);
    private readonly List<ConntrackPolicy> _events = [];
    private readonly Dictionary<string, Work> _work = [];

    // The books: which node is going through a change of which policy, since which generation of its plan; with the drops of before.
    private readonly Dictionary<(string Node, string Policy), Change> _changing = [];
    private readonly Dictionary<(string Node, string Policy), Change> _changed = [];

    // With which policies a node had failed, and was given nothing of, when it was last told to wait.
    private readonly Dictionary<string, HashSet<string>> _failedWaiting = [];

    // The plan that a node was to have when it was looked at last: of a later edit nobody may have heard yet.
    private readonly Dictionary<string, NodeSpec> _looked = [];
    private PolicyStatusAggregator _aggregator = new();

    public RolloutSimulation(int nodes)
    {
        Names = [.. Enumerable.Range(0, nodes).Select(i => $"n{i}")];
        foreach (var name in Names)
        {
            _nodes[name] = null!;
        }

        Restart(landed: false);
    }

    public string[] Names { get; }

    public DateTimeOffset Now { get; private set; } = DateTimeOffset.UnixEpoch;

    public int Reconciles { get; private set; }

    public List<string> Log { get; } = [];

    public bool IsIdle => _queue.Count == 0 && _work.Count == 0 && _events.Count == 0;

    /// <summary>Time passes, but never so much that an agent counts as silent: for the rollout that is as being not ready.</summary>
    public void Wait(TimeSpan time) => Now = new[] { Now + time, DateTimeOffset.UnixEpoch + NodeEvaluator.SilentAfter }.Min();

    /// <summary>A policy is created or edited; the word of it comes later.</summary>
    public void Edit(string name, PolicySpec spec)
    {
        var generation = _policies.GetValueOrDefault(name)?.Metadata!.Generation ?? 0;
        _policies[name] = new ConntrackPolicy
        {
            Metadata = new ObjectMeta
            {
                Name = name,
                Uid = name,
                Generation = generation + 1,
                CreationTimestamp = DateTimeOffset.UnixEpoch,
            },
            Spec = spec,
        };
        _events.Add(_policies[name]);
    }

    public void Hear()
    {
        if (_events.Count > 0)
        {
            _aggregator.BeginReplan(_events[0], Names);
            _events.RemoveAt(0);
            _queue.UnionWith(Names);
        }
    }

    /// <summary>A worker takes a node: everything up to the write.</summary>
    public void Begin(int pick)
    {
        string[] free = [.. _queue.Where(n => !_work.ContainsKey(n))];
        if (free.Length == 0)
        {
            return;
        }

        var name = free[pick % free.Length];
        _queue.Remove(name);
        Reconciles++;
        var pass = new PlanningPass(_aggregator, name);
        var policies = _policies.Values.ToList();
        var existing = _nodes[name];
        var isReady = !_notReady.Contains(name);
        if (isReady)
        {
            _away.Remove(name);
        }

        var plan = Plan(name);
        _looked[name] = plan.Spec;
        _failedWaiting.Remove(name);
        if (plan.Policies.Count == 0)
        {
            pass.NotSelected();
            pass.Dispose();
            return;
        }

        var decision = pass.Decide(plan, policies, new NodeObservation(existing, isReady, TimeSpan.Zero), Now);
        var progress = string.Join("; ", _aggregator.Summaries().Select(f => f.Policy + f.Rollout));
        Log.Add($"decide {name} available={decision.IsAvailable} granted={string.Join(",", decision.Granted)} "
            + $"waiting={string.Join(",", decision.Waiting)} {progress} gen={existing?.Metadata!.Generation} "
            + $"obs={existing?.Status?.ObservedGeneration} checkpoints={existing?.Metadata?.Annotations?.Values.FirstOrDefault()}");
        foreach (var policy in decision.Granted)
        {
            CheckSlot(name, policies.Find(p => p.Metadata!.Name == policy)!, hasFailed: decision.Limited.Any(p => HasFailed(name, p)));
        }

        if (decision.IsAvailable && decision.Waiting.Count > 0)
        {
            _failedWaiting[name] = [.. decision.Limited.Where(p => !decision.Granted.Contains(p) && HasFailed(name, p))];
        }

        if (SpecComparer.Same(existing?.Spec, decision.Spec))
        {
            pass.Written(existing!);
            pass.Dispose();
            return;
        }

        _work[name] = new Work(pass, decision, existing);
    }

    /// <summary>The write of a worker ends: it lands or not, and the worker hears of it or not.</summary>
    public void End(int pick, bool lands, bool isHeard)
    {
        if (_work.Count == 0)
        {
            return;
        }

        var name = _work.Keys.Order(StringComparer.Ordinal).ElementAt(pick % _work.Count);
        _work.Remove(name, out var work);
        if (lands)
        {
            Land(name, work!);
        }

        // The pass is told what the worker knows; if that is nothing, its disposal has to be enough.
        var isWritten = lands && isHeard;
        if (isWritten)
        {
            work!.Pass.Written(_nodes[name]);
        }

        work!.Pass.Dispose();
        if (!isWritten)
        {
            _queue.Add(name);
        }
    }

    /// <summary>The agent applies the plan it has and reports.</summary>
    public void Report(string name, bool fails, long drops)
    {
        if (_nodes[name] is not { } node || _gone.Contains(name))
        {
            return;
        }

        _nodes[name] = node with
        {
            Status = new NodeStatus
            {
                ObservedGeneration = node.Metadata!.Generation,
                ReportedAt = Now,
                Rates = new RatesStatus { TableFullDropsPerMinute = drops },
                Settings = (node.Spec!.Settings ?? []).ConvertAll(s => new SettingStatus
                {
                    Name = s.Name,
                    Desired = s.Value,
                    Policy = s.Policy,
                    State = fails ? SettingState.Failed : SettingState.InSync,
                }),
            },
        };
        foreach (var key in _changing.Keys.Where(k => k.Node == name && !(fails && node.Spec!.Settings!.Exists(s => s.Policy == k.Policy)))
            .ToList())
        {
            _changing.Remove(key);
        }

        _queue.Add(name);
    }

    public void SetReady(string name, bool ready)
    {
        _ = ready ? _notReady.Remove(name) : _notReady.Add(name) && _away.Add(name);
        _queue.Add(name);
    }

    /// <summary>Whether the node's agent runs.</summary>
    public void SetAgent(string name, bool runs) => _ = runs ? _gone.Remove(name) : _gone.Add(name);

    /// <summary>
    /// The controller dies, with what it had under way, so nothing is disposed of; another one begins from what is stored.
    /// </summary>
    public void Restart(bool landed)
    {
        foreach (var (name, work) in _work)
        {
            if (landed)
            {
                Land(name, work);
            }
        }

        _work.Clear();
        _events.Clear();
        _failedWaiting.Clear();
        _aggregator = new PolicyStatusAggregator();
        _aggregator.Requeued += requeue => _queue.UnionWith(requeue.Nodes);
        foreach (var policy in _policies.Values)
        {
            _aggregator.BeginReplan(policy, Names);
        }

        _queue.UnionWith(Names);
    }

    /// <summary>From here on nothing goes wrong: how many steps until every node has its plan; fails when it never comes to that.</summary>
    public void Finish()
    {
        _gone.Clear();
        _notReady.Clear();
        _queue.UnionWith(Names);
        var before = Reconciles;
        for (var round = 0; round < 200; round++)
        {
            while (!IsIdle)
            {
                Hear();
                Begin(0);
                End(0, lands: true, isHeard: true);
                Assert.True(Reconciles - before < 200 * Names.Length, "nodes are called again and again");
            }

            if (Names.All(IsDone))
            {
                return;
            }

            // An agent does not report without cause, and what failed is mended by the plan that they shall have, not before.
            foreach (var name in Names.Where(n => _nodes[n] is { } node && !HasReported(node)
                && (node.Status?.ObservedGeneration != node.Metadata!.Generation || node.Status!.Rates!.TableFullDropsPerMinute > 0
                    || HasPlan(n))))
            {
                Report(
                    name,
                    fails: !HasPlan(name) && _nodes[name].Status is { } status
                        && status.Settings!.Exists(s => s.State == SettingState.Failed), 0);
            }
        }

        Assert.Fail($"no end: {string.Join("; ", Names.Where(n => !IsDone(n)))}, {string.Join("; ", _aggregator.Summaries())}");
    }

    public IReadOnlyList<PolicySummary> Figures => _aggregator.Summaries();

    private bool IsDone(string name) => _policies.Count == 0 || (HasPlan(name) && HasReported(_nodes[name]));

    private bool HasPlan(string name) => SpecComparer.Same(_nodes[name]?.Spec, Plan(name).Spec);

    private NodePlan Plan(string name) =>
        NodePlanner.Plan(new NodeFacts(name, new Dictionary<string, string>(), 4, 1L << 34), [.. _policies.Values]);

    private static bool HasReported(ConntrackNode node) =>
        node.Status is { } status && status.ObservedGeneration == node.Metadata!.Generation
        && status.Rates!.TableFullDropsPerMinute == 0 && !status.Settings!.Exists(s => s.State == SettingState.Failed);

    private void Land(string name, Work work)
    {
        var existing = _nodes[name];
        var old = existing?.Spec?.Settings ?? [];
        var isSame = SpecComparer.Same(existing?.Spec, work.Decision.Spec);
        var generation = (existing?.Metadata!.Generation ?? 0) + (isSame ? 0 : 1);
        foreach (var setting in old.Concat(work.Decision.Spec.Settings ?? []).Select(s => s.Name!).Distinct())
        {
            var (before, after) = (old.Find(s => s.Name == setting), work.Decision.Spec.Settings!.Find(s => s.Name == setting));
            if (before?.Value != after?.Value)
            {
                foreach (var policy in new[] { before?.Policy, after?.Policy }.OfType<string>())
                {
                    // What it dropped is what it was seen to drop when that was decided.
                    var change = new Change(
                        generation, work.Existing?.Status?.Rates?.TableFullDropsPerMinute ?? 0, work.Decision.At,
                        work.Decision.Limited.Contains(policy));
                    _changing[(name, policy)] = change;
                    if (work.Decision.Granted.Contains(policy))
                    {
                        _changed[(name, policy)] = change;
                    }
                }
            }
        }

        _nodes[name] = new ConntrackNode
        {
            Metadata = new ObjectMeta
            {
                Name = name,
                Generation = generation,
                CreationTimestamp = existing?.Metadata!.CreationTimestamp ?? Now,
                Annotations = RolloutCheckpoints.Annotations(work.Decision.Checkpoints),
            },
            Spec = work.Decision.Spec,
            Status = existing?.Status,
        };
        _queue.Add(name);
    }

    /// <summary>
    /// By the books: with this node, no more are being changed than the policy lets, and no changed one has begun to drop.
    /// </summary>
    private void CheckSlot(string name, ConntrackPolicy policy, bool hasFailed)
    {
        var key = policy.Metadata!.Name!;
        // What was decided while there was no rollout went to all nodes at once, and nothing marks it.
        var others = _changing.Where(c => c.Key.Policy == key && c.Key.Node != name && c.Value.IsLimited && !IsLost(c.Key.Node, c.Value))
            .Select(c => c.Key.Node)
            .Concat(_work.Where(w => w.Value.Decision.Granted.Contains(key)).Select(w => w.Key)).ToHashSet();
        others.Remove(name);
        if (hasFailed)
        {
            // The failed do not wait for each other.
            others.RemoveWhere(n => _failedWaiting.TryGetValue(n, out var failed) && failed.Contains(key));
        }

        // One where a setting of the policy's has failed is not in order as it is, and changing it makes that no worse.
        var isInIt = _changing.ContainsKey((name, key))
            || _nodes[name].Status!.Settings!.Exists(s => s.Policy == key && s.State == SettingState.Failed);
        Assert.True(
            isInIt || others.Count < policy.Spec!.Rollout!.NodesAtOnce(Names.Length),
            $"{name} is one too many for {key}: {string.Join(", ", others)}\n{string.Join("\n", Log.TakeLast(25))}");
        if (policy.Spec!.Rollout!.PauseOnDrops != false)
        {
            Assert.DoesNotContain(Names, n => n != name && BeganToDrop(n, policy));
        }
    }

    /// <summary>Whether the agent knows of the last change, and a setting of the policy's is not in force.</summary>
    private bool HasFailed(string name, string policy) =>
        _nodes[name] is { Status: { } status } && status.Settings!.Exists(s => s.Policy == policy && s.State == SettingState.Failed)
        && !(_changing.TryGetValue((name, policy), out var change) && change.Generation > status.ObservedGeneration);

    /// <summary>
    /// A node whose agent never spoke does not count. One that is away counts for ten minutes when it went with a change under way, and not
    /// at all when it had told how it stands.
    /// </summary>
    private bool IsLost(string name, Change change) =>
        _nodes[name].Status is null || (_away.Contains(name)
        && (Now - change.At >= NodeRolloutState.LostNodeKeepsSlotFor || _nodes[name].Status?.ObservedGeneration >= change.Generation
            || _queue.Contains(name) || _work.ContainsKey(name)));

    private bool BeganToDrop(string name, ConntrackPolicy policy) =>
        _nodes[name] is { Status: { } status } && !_notReady.Contains(name) && !_queue.Contains(name) && !_work.ContainsKey(name)
        && _changed.TryGetValue((name, policy.Metadata!.Name!), out var change) && change.Drops == 0
        && status.Rates!.TableFullDropsPerMinute > 0 && status.ObservedGeneration >= change.Generation
        && SpecComparer.Same(_nodes[name].Spec, _looked.GetValueOrDefault(name));

    private sealed record Work(PlanningPass Pass, RolloutDecision Decision, ConntrackNode? Existing);

    private readonly record struct Change(long Generation, long Drops, DateTimeOffset At, bool IsLimited);
}
