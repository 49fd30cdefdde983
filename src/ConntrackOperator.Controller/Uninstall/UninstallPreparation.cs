using System.Text.Json.Nodes;
using ConntrackOperator.Api;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Restores;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Controller.Uninstall;

/// <summary>
/// What has to happen before the operator is removed: the policies go, and with them, node by node, what they set. The
/// controller and the agents do the work; this asks for it, waits, and says what is in the way. It may be run again at any time.
/// </summary>
/// <param name="api">The API.</param>
/// <param name="ns">The namespace of the agents.</param>
/// <param name="daemonSet">The agents' DaemonSet, which must be gone in the end; null: somebody else runs the agents.</param>
/// <param name="timeout">How long to wait for all of it.</param>
/// <param name="say">Told what happens, for people; an error comes with what failed.</param>
/// <param name="time">The clock.</param>
internal sealed class UninstallPreparation(
    ApiClient api, string ns, string? daemonSet, TimeSpan timeout, Action<string, Exception?> say, TimeProvider time)
{
    private const int PageSize = 500;
    private const int NamesShown = 5;

    /// <summary>A ConntrackNode has tens of kilobytes; the hook has the controller's memory limit.</summary>
    private const int PlansInPage = 50;

    private static readonly TimeSpan _look = TimeSpan.FromSeconds(1);

    private string? _said;

    /// <summary>Deletes the policies and waits.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Whether nothing is left; false when the time was up, and what was in the way has been said.</returns>
    /// <exception cref="ApiException">Something that waiting does not cure, such as a missing right.</exception>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            string? waiting;
            try
            {
                waiting = await StepAsync(cancellationToken);
            }
            catch (ApiException e) when (e.IsTransient)
            {
                waiting = "the API server does not answer";
                say(waiting, e);
            }

            if (waiting is null)
            {
                say("nothing is left: every node that can be reached has put its settings back", null);
                return true;
            }

            if (time.GetElapsedTime(started) >= timeout)
            {
                say($"gave up after {timeout.TotalSeconds:0} s: {waiting}", null);
                return false;
            }

            if (waiting != _said)
            {
                _said = waiting;
                say(waiting, null);
            }

            await Task.Delay(_look, time, cancellationToken);
        }
    }

    /// <summary>Does what can be done now.</summary>
    /// <returns>What is still in the way; null: nothing.</returns>
    private async Task<string?> StepAsync(CancellationToken cancellationToken)
    {
        var policies = await ListAsync(ResourceType.ConntrackPolicy, cancellationToken);
        foreach (var policy in policies.Where(p => p["metadata"]!["deletionTimestamp"] is null))
        {
            await DeleteAsync(ResourceType.ConntrackPolicy, NameOf(policy), (string?)policy["metadata"]!["uid"], cancellationToken);
        }

        var plans = await PlansAsync(cancellationToken);
        var reachable = plans.Count > 0 ? await ReachableAsync(cancellationToken) : [];
        var waiting = plans.Where(p => reachable.Contains(p.Name)).ToList();
        if (policies.Count > 0)
        {
            var nodes = waiting.Count == 0 ? string.Empty : $", {waiting.Count} of them: {Reasons(waiting)}";
            return $"{policies.Count} policies wait for their nodes ({Names(policies)}){nodes}; if this lasts, see whether the "
                + "controller runs";
        }

        if (plans.Count > 0)
        {
            if (waiting.Count > 0)
            {
                return $"{waiting.Count} nodes have not put their settings back yet ({Reasons(waiting)}); if this lasts, see whether "
                    + "their agents run";
            }

            // Nobody is there to put anything back, and as long as these exist the agents' DaemonSet stays.
            say(
                $"{plans.Count} nodes are gone or not ready and are not waited for ({Names(plans.ConvertAll(p => p.Name))}): their "
                    + "settings stay until they start anew", null);
            foreach (var plan in plans)
            {
                await DeleteAsync(ResourceType.ConntrackNode, plan.Name, plan.Uid, cancellationToken);
            }

            return "the objects of nodes that can't be reached are being deleted";
        }

        return await HasAgentsAsync(cancellationToken) ? $"the DaemonSet {ns}/{daemonSet} is not gone yet" : null;
    }

    /// <summary>Nodes that are there and ready, as the controller sees it.</summary>
    private async Task<HashSet<string>> ReachableAsync(CancellationToken cancellationToken)
    {
        var reachable = new HashSet<string>(StringComparer.Ordinal);
        string? next = null;
        do
        {
            var page = await api.ListAsync(
                ResourceType.Node, null, new ListQuery { Limit = PageSize, Continue = next }, ClusterJson.Default.NodeObject,
                cancellationToken);
            reachable.UnionWith(page.Items.Where(NodeReading.IsReady).Select(n => n.Metadata!.Name!));
            next = page.Continue;
        }
        while (next is not null);
        return reachable;
    }

    /// <summary>What can't be decoded has to go as well.</summary>
    private async Task<List<Plan>> PlansAsync(CancellationToken cancellationToken)
    {
        var plans = new List<Plan>();
        string? next = null;
        try
        {
            do
            {
                var page = await api.ListAsync(
                    ResourceType.ConntrackNode, null, new ListQuery { Limit = PlansInPage, Continue = next },
                    ApiJson.Default.ConntrackNode, cancellationToken);
                plans.AddRange(page.Items.Select(n => new Plan(n.Metadata!.Name!, n.Metadata.Uid, RestoreWaitReason.Of(n))));
                plans.AddRange(page.Undecodable.Select(u => new Plan(u.Name, null, "what it reports can't be read")));
                next = page.Continue;
            }
            while (next is not null);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return [];
        }

        return plans;
    }

    /// <summary>As plain JSON: what can't be decoded has to go as well. A kind that is not there any more has no objects.</summary>
    private async Task<List<JsonObject>> ListAsync(ResourceType type, CancellationToken cancellationToken)
    {
        var items = new List<JsonObject>();
        string? next = null;
        try
        {
            do
            {
                var page = await api.ListAsync(
                    type, null, new ListQuery { Limit = PageSize, Continue = next }, ClusterJson.Default.JsonObject, cancellationToken);
                items.AddRange(page.Items);
                next = page.Continue;
            }
            while (next is not null);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return [];
        }

        return items;
    }

    private async Task DeleteAsync(ResourceType type, string name, string? uid, CancellationToken cancellationToken)
    {
        try
        {
            await api.DeleteAsync(type, null, name, uid, null, cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone already, or another one by now: the next look will tell.
        }
    }

    private async Task<bool> HasAgentsAsync(CancellationToken cancellationToken)
    {
        if (daemonSet is null)
        {
            return false;
        }

        try
        {
            await api.GetAsync(ResourceType.DaemonSet, ns, daemonSet, ClusterJson.Default.DaemonSetObject, cancellationToken);
            return true;
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    private static string NameOf(JsonObject item) => (string)item["metadata"]!["name"]!;

    private static string Names(List<JsonObject> items) => Names(items.ConvertAll(NameOf));

    private static string Names(List<string> names) =>
        string.Join(", ", names.Take(NamesShown)) + (names.Count > NamesShown ? ", …" : string.Empty);

    private static string Reasons(List<Plan> plans) =>
        string.Join("; ", plans.Take(NamesShown).Select(p => $"{p.Name}: {p.Why}")) + (plans.Count > NamesShown ? "; …" : string.Empty);

    /// <summary>What is kept of a ConntrackNode: there may be thousands.</summary>
    private sealed record Plan(string Name, string? Uid, string Why);
}
