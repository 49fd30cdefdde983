using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Controller.Rollouts;
using ConntrackOperator.Planning.Precedence;

namespace ConntrackOperator.Controller.Aggregation;

/// <summary>
/// The sums of one policy over its nodes, kept by difference: a node's change costs the logarithm of the number of nodes,
/// not the number. Not thread-safe: the aggregator locks.
/// </summary>
internal sealed class PolicyAggregate
{
    /// <summary>How many nodes the status lists at most.</summary>
    public const int Listed = 20;

    private readonly Dictionary<string, (NodePolicyStatus Status, NodeUsage Usage)> _nodes = new(StringComparer.Ordinal);
    private readonly SortedSet<(int Percent, string Node)> _byPercent = new(Comparer<(int Percent, string Node)>.Create(
        static (a, b) => a.Percent != b.Percent ? b.Percent.CompareTo(a.Percent) : string.CompareOrdinal(a.Node, b.Node)));
    private readonly SortedDictionary<string, NodePolicyStatus> _failures = new(StringComparer.Ordinal);
    private readonly ConflictCounts _conflicts = new();
    private readonly AdviceCounts _advice = new();
    private readonly int[] _counts = new int[Enum.GetValues<NodePolicyState>().Length];
    private readonly Dictionary<string, int> _pressure = new(StringComparer.Ordinal);
    private long _entries;
    private long _limit;
    private int _noLimit;
    private (long Sum, int Nodes) _drops;
    private (long Sum, int Nodes) _races;

    /// <summary>Nodes that the policy selects.</summary>
    public int Selected => _nodes.Count;

    /// <summary>Takes over how a node is now; null: the policy does not select it.</summary>
    public void Update(string node, NodePolicyStatus? status, in NodeUsage usage, IReadOnlyList<PlanConflict> conflicts)
    {
        if (_nodes.Remove(node, out var old))
        {
            Count(node, old.Status, old.Usage, -1);
        }

        if (status is { } now)
        {
            _nodes[node] = (now, usage);
            Count(node, now, usage, +1);
        }

        _conflicts.Update(node, conflicts);
    }

    /// <summary>How many nodes are in which state; costs the same for any number of nodes.</summary>
    public PolicyNodeCounts Counts => new()
    {
        Selected = _nodes.Count,
        Ready = _counts[(int)NodePolicyState.Ready],
        Updating = _counts[(int)NodePolicyState.Updating],
        Waiting = _counts[(int)NodePolicyState.Waiting],
        Drifted = _counts[(int)NodePolicyState.Drifted],
        Failed = _counts[(int)NodePolicyState.Failed],
        Unreachable = _counts[(int)NodePolicyState.Unreachable],
    };

    /// <summary>The sums as they are now.</summary>
    /// <param name="pending">Nodes that have not been planned since the policy changed.</param>
    /// <param name="rollout">How far its rollout is; null: it has none.</param>
    public PolicyAggregateSnapshot Snapshot(int pending, RolloutProgress? rollout) => new()
    {
        Pending = pending,
        Nodes = Counts,
        Rollout = rollout,
        Entries = _entries,
        Limit = _limit,
        NodesWithoutLimit = _noLimit,
        TableFullDropsPerMinute = _drops.Nodes == 0 ? null : _drops.Sum,
        RacesLostPerMinute = _races.Nodes == 0 ? null : _races.Sum,
        Hottest = [.. _byPercent.Take(Listed).Select(Hot)],
        Failures =
        [
            .. _failures.Take(Listed)
                .Select(f => new NodeFailure { Name = f.Key, Reason = f.Value.Reason, Message = f.Value.Message }),
        ],
        Conflicts = _conflicts.First,
        ConflictCount = _conflicts.Count,
        Advice = _advice.Summary(_nodes.Count),
        Warning = _pressure.GetValueOrDefault(ConditionReasons.Warning),
        Critical = _pressure.GetValueOrDefault(ConditionReasons.Critical),
    };

    private HotNode Hot((int Percent, string Node) item)
    {
        var usage = _nodes[item.Node].Usage;
        return new HotNode
        {
            Name = item.Node,
            Entries = usage.Entries,
            Limit = usage.Limit,
            Percent = item.Percent,
            TableFullDropsPerMinute = usage.TableFullDrops,
            RacesLostPerMinute = usage.RacesLost,
        };
    }

    /// <summary>A sum and how many nodes are in it: with none it is not known.</summary>
    private static (long Sum, int Nodes) Add((long Sum, int Nodes) sum, long? rate, int sign) =>
        rate is { } known ? (sum.Sum + (sign * known), sum.Nodes + sign) : sum;

    private void Count(string node, in NodePolicyStatus status, in NodeUsage usage, int sign)
    {
        _counts[(int)status.State] += sign;
        _entries += sign * usage.Entries;
        _limit += sign * usage.Limit;
        _noLimit += usage.NoLimit ? sign : 0;
        _drops = Add(_drops, usage.TableFullDrops, sign);
        _races = Add(_races, usage.RacesLost, sign);
        _pressure[usage.Pressure] = _pressure.GetValueOrDefault(usage.Pressure) + sign;
        var isFailure = status.State is NodePolicyState.Failed or NodePolicyState.Drifted or NodePolicyState.Unreachable;
        if (usage.Advice is { } advice)
        {
            if (sign > 0)
            {
                _advice.Add(node, advice);
            }
            else
            {
                _advice.Remove(node, advice);
            }
        }

        if (sign > 0)
        {
            if (usage.Limit > 0)
            {
                _byPercent.Add((usage.Percent, node));
            }

            if (isFailure)
            {
                _failures[node] = status;
            }
        }
        else
        {
            _byPercent.Remove((usage.Percent, node));
            _failures.Remove(node);
        }
    }
}
