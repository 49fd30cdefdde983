using System.Collections.Concurrent;
using System.Text.Json;
using ConntrackOperator.Api;
using ConntrackOperator.Api.Meta;
using ConntrackOperator.Api.Nodes;
using ConntrackOperator.Cluster;
using ConntrackOperator.Controller.Cluster;
using ConntrackOperator.Controller.Configuration;
using ConntrackOperator.Controller.Runtime;
using ConntrackOperator.Kubernetes.Client;

namespace ConntrackOperator.Controller.Nodes;

/// <summary>Reads and writes ConntrackNodes so that a pass never decides on a state from before the controller's own last write.</summary>
/// <param name="context">What all controllers share.</param>
internal sealed class ConntrackNodeWriter(ControllerContext context)
{
    private readonly MutationCache<ConntrackNode> _mutations = new(context.Time);

    /// <summary>
    /// Nodes whose last write failed, and may have been stored all the same: an informer that is behind must not make a rollout give such
    /// a slot to another node.
    /// </summary>
    private readonly ConcurrentDictionary<string, bool> _uncertain = new(StringComparer.Ordinal);

    /// <summary>The newest known state; read from the API server when the last write of it failed.</summary>
    /// <returns>Null: there is none.</returns>
    public async Task<ConntrackNode?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        if (!_uncertain.ContainsKey(name))
        {
            return _mutations.Newest(name, context.Cluster.ConntrackNode(name));
        }

        // A list of one: the controller has no other need of the right to get.
        var query = new ListQuery { FieldSelector = "metadata.name=" + name };
        var list = await context.Api.ListAsync(ResourceType.ConntrackNode, null, query, ApiJson.Default.ConntrackNode, cancellationToken);
        var found = list.Items.FirstOrDefault(n => n.Metadata?.Name == name);
        if (found is null)
        {
            _mutations.Forget(name);
        }
        else
        {
            _mutations.Wrote(name, found = context.Cluster.Compact(found));
        }

        _uncertain.TryRemove(name, out _);
        return found;
    }

    /// <summary>Makes the ConntrackNode's spec this one, and nothing but this.</summary>
    /// <exception cref="ApiException">It was refused, or it is not known whether it was written.</exception>
    public async Task<ConntrackNode> WriteAsync(
        NodeObject node, NodeSpec spec, Dictionary<string, string>? annotations, CancellationToken cancellationToken)
    {
        var name = node.Metadata!.Name!;
        _uncertain[name] = true;
        var written = await ApplyAsync(node, spec, annotations, cancellationToken);
        if (!SpecComparer.Same(written.Spec, spec))
        {
            // What somebody else added to the plan, server-side apply leaves alone.
            var patch = SpecPatch.Replace(written.Metadata?.Uid, JsonSerializer.SerializeToNode(spec, ApiJson.Default.NodeSpec)!);
            written = await context.Api.PatchAsync(
                ResourceType.ConntrackNode, null, name, PatchKind.Json, patch, ApiJson.Default.ConntrackNode, null,
                cancellationToken, ControllerOptions.FieldManager);
        }

        _mutations.Wrote(name, written = context.Cluster.Compact(written));
        _uncertain.TryRemove(name, out _);
        return written;
    }

    /// <summary>Deletes the ConntrackNode if it is still the same; one that is gone already is no error.</summary>
    /// <param name="existing">The ConntrackNode.</param>
    /// <param name="resourceVersion">Only this version of it; null: any.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ApiException">Also a conflict: it is another object, or another version, by now.</exception>
    public async Task DeleteAsync(ConntrackNode existing, string? resourceVersion, CancellationToken cancellationToken)
    {
        var name = existing.Metadata!.Name!;
        try
        {
            await context.Api.DeleteAsync(
                ResourceType.ConntrackNode, null, name, existing.Metadata.Uid, resourceVersion, cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // Gone already.
        }

        _mutations.Forget(name);
    }

    private async Task<ConntrackNode> ApplyAsync(
        NodeObject node, NodeSpec spec, Dictionary<string, string>? annotations, CancellationToken cancellationToken)
    {
        var name = node.Metadata!.Name!;
        var metadata = new ObjectMeta
        {
            Name = name,
            Annotations = annotations,
            OwnerReferences = [new OwnerReference { ApiVersion = "v1", Kind = "Node", Name = name, Uid = node.Metadata.Uid }],
        };
        try
        {
            var stated = ApplyEnvelope.Node(metadata) with { Spec = spec };
            return await context.ApplyAsync(
                ResourceType.ConntrackNode, null, name, stated, ApiJson.Default.ConntrackNode, null, cancellationToken);
        }
        catch (ApiException e) when (e.IsRefused)
        {
            // Nothing of it was stored.
            _uncertain.TryRemove(name, out _);
            throw;
        }
    }
}
