using ConntrackOperator.Api.Nodes;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>What is known of a node when it is planned.</summary>
/// <param name="Object">Its ConntrackNode as last seen or written; null: none.</param>
/// <param name="IsReady">Whether the kubelet says that the node is ready.</param>
/// <param name="ReportAge">How long its last report, or that there is none, has been known: <see cref="ReportAgeTracker"/>.</param>
/// <param name="IsReadable">Whether what the agent reported last can be read; if not, the ConntrackNode is from before that.</param>
internal sealed record NodeObservation(ConntrackNode? Object, bool IsReady, TimeSpan ReportAge, bool IsReadable = true)
{
    /// <summary>
    /// Whether the node can be given a change, and its agent would report on it. A node that is not available is not changed before it
    /// is back, since many that come back at once would be changed at once.
    /// </summary>
    public bool IsAvailable => NodeEvaluator.IsAvailable(this);
}
