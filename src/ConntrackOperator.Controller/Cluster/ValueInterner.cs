using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;

namespace ConntrackOperator.Controller.Cluster;

/// <summary>
/// One instance of what is equal between nodes: with thousands of them, settings of the same policies are nearly all that there is
/// to keep. Thread-safe.
/// </summary>
/// <remarks>
/// Bounded: what has not been asked for while <see cref="Generation"/> other values were new is forgotten. A node that reports
/// other values each time costs the others some of the sharing and no more.
/// </remarks>
internal sealed class ValueInterner
{
    /// <summary>How many values are new before those that nobody asked for are forgotten.</summary>
    public const int Generation = 8192;

    private readonly Lock _lock = new();
    private Dictionary<object, object> _young = [];
    private Dictionary<object, object> _old = [];

    /// <summary>How many values are known.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _young.Count + _old.Count;
            }
        }
    }

    /// <summary>The one instance that is equal to this one.</summary>
    public T Of<T>(T value)
        where T : class
    {
        lock (_lock)
        {
            if (_young.TryGetValue(value, out var known))
            {
                return (T)known;
            }

            var kept = _old.TryGetValue(value, out var before) ? before : value;
            if (_young.Count >= Generation)
            {
                (_old, _young) = (_young, []);
            }

            _young.Add(kept, kept);
            return (T)kept;
        }
    }

    /// <summary>
    /// A ConntrackNode with what the controller reads of it: not what fills the table, of who only the sources, nor sentences that nobody
    /// is shown here.
    /// </summary>
    public ConntrackNode Compact(ConntrackNode node) => node with
    {
        ApiVersion = null,
        Kind = null,
        Metadata = node.Metadata is not { } metadata ? null : metadata with
        {
            OwnerReferences = metadata.OwnerReferences?.ConvertAll(o => o with { ApiVersion = Text(o.ApiVersion), Kind = Text(o.Kind) }),
        },
        Spec = node.Spec is not { } spec ? null : spec with
        {
            Settings = Each(
                spec.Settings, s => s with { Name = Text(s.Name), Policy = Text(s.Policy), Field = Text(s.Field), Rule = Text(s.Rule) }),
            Refused = Each(spec.Refused, r => r),
            Pressure = spec.Pressure is { } pressure ? Of(pressure) : null,
        },
        Status = node.Status is not { } status ? null : status with
        {
            Conditions = status.Conditions?.ConvertAll(Compact),
            Settings = Each(status.Settings, s => s with { Name = Text(s.Name), Policy = Text(s.Policy), Message = Text(s.Message) }),
            Composition = null,
            Top = status.Top?.Sources is { Count: > 0 } sources ? new TopStatus { Sources = sources } : null,
            Node = null,
            Findings = null,
            NotLooked = null,
            AdviceReason = Text(status.AdviceReason),
            AdviceSeverity = Text(status.AdviceSeverity),
        },
    };

    /// <summary>A Node with what planning reads of it.</summary>
    public NodeObject Compact(NodeObject node) => node with
    {
        ApiVersion = null,
        Kind = null,
        Metadata = node.Metadata is not { } metadata ? null : metadata with
        {
            Annotations = null,
            Labels = metadata.Labels?.ToDictionary(l => Of(l.Key), l => Of(l.Value), StringComparer.Ordinal),
        },
        Status = node.Status is not { } status ? null : new NodeObjectStatus
        {
            Capacity = status.Capacity?.Where(c => c.Key is "cpu" or "memory")
                .ToDictionary(c => Of(c.Key), c => Of(c.Value), StringComparer.Ordinal),
            Conditions = status.Conditions?.Where(c => c.Type is "Ready" or NodeReading.PressureCondition).Select(Compact).ToList(),
        },
    };

    /// <summary>Of what the kubelet says, why and since when is not read.</summary>
    private NodeObjectCondition Compact(NodeObjectCondition condition) =>
        condition.Type == NodeReading.PressureCondition ? condition : Of(condition with { Reason = null, LastTransitionTime = null });

    /// <summary>Of the sentences, that of Applied is passed on when something is wrong.</summary>
    private Condition Compact(Condition condition) => Of(new Condition
    {
        Type = Text(condition.Type),
        Status = Text(condition.Status),
        Reason = Text(condition.Reason),
        Message = condition is { Type: ConditionTypes.Applied, Reason: not ConditionReasons.InSync } ? Text(condition.Message) : null,
    });

    private string? Text(string? text) => text is null ? null : Of(text);

    private List<T>? Each<T>(List<T>? items, Func<T, T> withSharedTexts)
        where T : class
    {
        if (items is null)
        {
            return null;
        }

        var shared = new List<T>(items.Count);
        foreach (var item in items)
        {
            shared.Add(Known(item) ?? Of(withSharedTexts(item)));
        }

        return shared;
    }

    private T? Known<T>(T value)
        where T : class
    {
        lock (_lock)
        {
            return _young.TryGetValue(value, out var known) ? (T)known : null;
        }
    }
}
