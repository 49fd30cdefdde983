using ConntrackOperator.Api.Flushes;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Api.Policies;

namespace ConntrackOperator.Api;

/// <summary>
/// What every server-side apply begins with: an object that says which it is, and nothing more. What is to be stated is added with
/// <c>with</c>.
/// </summary>
public static class ApplyEnvelope
{
    /// <summary>A policy.</summary>
    /// <param name="metadata">Its name, with its UID when it has to be this very object.</param>
    public static ConntrackPolicy Policy(ObjectMeta metadata) =>
        new() { ApiVersion = ApiGroup.ApiVersion, Kind = ConntrackPolicy.KindName, Metadata = metadata };

    /// <summary>A node.</summary>
    /// <param name="metadata">Its name, with its UID when it has to be this very object.</param>
    public static ConntrackNode Node(ObjectMeta metadata) =>
        new() { ApiVersion = ApiGroup.ApiVersion, Kind = ConntrackNode.KindName, Metadata = metadata };

    /// <summary>A flush.</summary>
    /// <param name="metadata">Its name, with its UID when it has to be this very object.</param>
    public static ConntrackFlush Flush(ObjectMeta metadata) =>
        new() { ApiVersion = ApiGroup.ApiVersion, Kind = ConntrackFlush.KindName, Metadata = metadata };
}
