using System.Text.Json.Nodes;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.TestKit;

/// <summary>A kind that the fake API server serves.</summary>
public sealed record FakeResource(ResourceType Type)
{
    /// <summary>Whether status is a subresource: written apart from the rest, and not counted in the generation.</summary>
    public bool HasStatus { get; init; } = true;

    /// <summary>Lists whose items server-side apply tells apart by keys: the list's path to the names of its key fields,
    /// such as <c>status.settings</c> to <c>name</c>. Other lists are replaced whole.</summary>
    public Dictionary<string, string[]> ListMapKeys { get; init; } = new()
    {
        ["metadata.ownerReferences"] = ["uid"],
        ["status.conditions"] = ["type"],
    };

    /// <summary>Fields that are one value to server-side apply, such as <c>status</c>: objects with x-kubernetes-map-type atomic.</summary>
    public IReadOnlySet<string> Atomic { get; init; } = new HashSet<string>();

    /// <summary>Says what is wrong with an object; null: nothing.</summary>
    public Func<JsonObject, string?>? Validate { get; init; }

    /// <summary>The same with one more keyed list.</summary>
    public FakeResource WithListMap(string path, params string[] keys) =>
        this with { ListMapKeys = new(ListMapKeys) { [path] = keys } };

    /// <summary>The same with fields that are one value to server-side apply.</summary>
    public FakeResource WithAtomic(params string[] paths) => this with { Atomic = new HashSet<string>([.. Atomic, .. paths]) };
}
