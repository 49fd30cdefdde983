using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;
using ConntrackOperator.Engine.State;

namespace ConntrackOperator.TestKit.Machines;

/// <summary>Plans in few words.</summary>
public static class Plans
{
    public static NodeSetting Set(
        string name, long value, RemovalPolicy onRemoval = RemovalPolicy.Restore, PolicyMode mode = PolicyMode.Enforce,
        bool? atLeast = null) =>
        new() { Name = name, Value = value, Policy = "edge", Mode = mode, OnRemoval = onRemoval, AtLeast = atLeast };

    public static CachedPlan Of(params NodeSetting[] settings) =>
        new() { Node = "node-7", Generation = 1, Spec = new NodeSpec { Settings = [.. settings] } };
}
